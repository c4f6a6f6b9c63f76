import type { RequestInfo } from '../request/request-info.ts';

const SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Requests whose answers may take as long as they like (apiserver pkg/server/config.go, LongRunningFunc). */
export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResourceRequest) return info.path.startsWith('/debug/pprof/');
  return info.verb === 'watch' || info.verb === 'proxy' || SUBRESOURCES.has(info.subresource);
}
