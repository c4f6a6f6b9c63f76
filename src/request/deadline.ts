import { parseDuration } from '../meta/duration.ts';
import { badRequestError, type StatusError } from '../meta/status.ts';
import type { RequestInfo } from './request-info.ts';

/** Requests that end when somebody ends them, and so have no deadline (filters/longrunning.go). */
const LONG_RUNNING_VERBS = new Set(['watch', 'proxy']);
const LONG_RUNNING_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** The 400 of a `timeout` in the query that is no duration; long-running requests may say there what they like. */
export function deadlineFault(info: RequestInfo, timeout: string | null): StatusError | undefined {
  if (!timeout || LONG_RUNNING_VERBS.has(info.verb)) return undefined;
  if (info.isResourceRequest && LONG_RUNNING_SUBRESOURCES.has(info.subresource)) return undefined;
  const parsed = parseDuration(timeout);
  if (typeof parsed === 'bigint') return undefined;
  return badRequestError(`invalid timeout specified in the request URL - ${parsed.error}`);
}
