import type { RequestInfo } from '../../request/request-info.ts';

/** What is known of the objects of a resource without counting them. */
export interface ResourceSize {
  objects: number;
  /** Of one object's JSON, on average. */
  bytes: number;
}

/** A seat stands for so much of a list (apiserver pkg/util/flowcontrol/request/list_work_estimator.go). */
const BYTES_PER_SEAT = 100_000;
/** No more of a list than this is in memory at once. */
const MOST_BYTES_AT_ONCE = 1_000_000;

/**
 * The seats a request takes: a list, and a watch that begins with one, as many as its bytes are worth, everything else one.
 * kube-apiserver lets a write keep seats for a while after it has been answered, for the work that its watchers make; here
 * they have been told when the write is answered, so nothing is left to take seats for.
 */
export function seatsOf(
  info: RequestInfo,
  query: URLSearchParams,
  sizeOf: (info: RequestInfo) => ResourceSize | undefined,
  most: number,
): number {
  const { verb } = info;
  if (verb !== 'list' && verb !== 'watch') return 1;
  // One object that a field selector names is as good as a get.
  if (info.name !== '') return 1;
  if (verb === 'watch') {
    const from = query.get('resourceVersion') ?? '';
    const initial = query.get('sendInitialEvents');
    const begins =
      from === '' || from === '0' || (initial !== null && initial !== 'false' && initial !== '0');
    if (!begins) return 1;
  }
  const size = sizeOf(info);
  if (!size) return 1;
  let { objects } = size;
  const limit = Number(query.get('limit') ?? 0);
  if (limit > 0 && limit < objects) objects = limit;
  const seats = Math.ceil(Math.min(objects * size.bytes, MOST_BYTES_AT_ONCE) / BYTES_PER_SEAT);
  return Math.max(1, Math.min(seats, most));
}
