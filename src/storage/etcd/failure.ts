import type * as Grpc from '@grpc/grpc-js';
import { CompactedError, FutureRevisionError, StoreRefusedError, StoreUnavailableError } from '../store.ts';

/** gRPC status codes (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const invalidArgument = 3;
const deadlineExceeded = 4;
const resourceExhausted = 8;
const outOfRange = 11;
const unavailable = 14;

/** What a failed call means to the callers of a store; the words are etcd's own where it has said something. */
export function storeError(error: unknown): Error {
  if (error instanceof StoreUnavailableError) return error;
  const { code, details, message } = (error ?? {}) as Partial<Grpc.ServiceError>;
  if (code === outOfRange && details?.includes('compacted')) return new CompactedError(0);
  if (code === outOfRange && details?.includes('future revision')) return new FutureRevisionError(0);
  if (code === deadlineExceeded) return new StoreUnavailableError('etcd did not answer in time');
  const said = details || message || 'no answer in time';
  // A value too large, no space left: the engine is there, and refuses.
  if (code === invalidArgument || (code === resourceExhausted && /space exceeded|larger than max/.test(said)))
    return new StoreRefusedError(said);
  return new StoreUnavailableError(`etcd: ${said}`);
}

/** No connection, or a member that can't answer without the others: another one may. */
export function isUnavailable(error: unknown): boolean {
  return (error as Partial<Grpc.ServiceError>)?.code === unavailable;
}

/** The member is connected, and silent. */
export function isLate(error: unknown): boolean {
  return (error as Partial<Grpc.ServiceError>)?.code === deadlineExceeded;
}

/** The library's own words for a call that found no connection: it has not left this process. */
export function neverSent(error: unknown): boolean {
  return /^No connection established/.test((error as Partial<Grpc.ServiceError>).details ?? '');
}

/** Why there is no connection, in words that say what to do about it. `details`: the library's own. */
export function connectionFault(details: string): string {
  const last = /Last error: (?:Error(?: \[\w+\])?: )?([\s\S]*?)(?: \([0-9TZ:.-]+\))?\. Resolution note:/.exec(
    details,
  );
  const cause = (last?.[1] ?? details).replaceAll('\n', ' ').trim();
  const alert = /SSL routines:[^:]*:(?:(?:ssl|tls)v[\d.]+ )?alert ([a-z ]+)/.exec(cause)?.[1];
  if (alert !== undefined && /certificate|unknown ca/.test(alert))
    return `it refuses the client certificate (${alert}): see --etcd-certfile and --etcd-keyfile`;
  if (/wrong version number|packet length too long/.test(cause))
    return 'it does not speak TLS: its URL begins with http://';
  if (/does not match certificate's altnames/.test(cause))
    return `its certificate is for another name: ${cause.replace(/^.*altnames: /, '')}`;
  if (/certificate has expired/.test(cause)) return 'its certificate has expired';
  if (/verify|self.signed|issuer/.test(cause))
    return `its certificate is not from an authority of --etcd-cafile (${cause})`;
  if (/ECONNREFUSED/.test(cause)) return 'connection refused';
  if (/^Name resolution failed/.test(cause)) return 'its name is not known';
  if (cause === 'Failed to connect')
    return 'it closes connections at once: its URL may have to begin with https://';
  return cause;
}
