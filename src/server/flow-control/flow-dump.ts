import type { Queue } from './queue-set.ts';

/** One request that has a seat or waits, as the dump shows it. Times are milliseconds since 1970. */
export interface DumpedRequest {
  level: string;
  schema: string;
  /** -1 where it is in no queue. */
  queue: number;
  /** -1 where it has its seat. */
  place: number;
  distinguisher: string;
  arrivedAt: number;
  startedAt: number | undefined;
  seats: number;
  user: string;
  verb: string;
  path: string;
  namespace: string;
  name: string;
  apiVersion: string;
  resource: string;
  subresource: string;
}

export interface DumpedLevel {
  name: string;
  queues: readonly Queue[];
  waiting: number;
  executing: number;
  dispatched: number;
  rejected: number;
  timedOut: number;
  cancelled: number;
}

/** Columns as Go's text/tabwriter sets them for these pages: eight wide at least, one blank between. */
function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length + 2, 8);
    });
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : `${cell},`.padEnd(widths[i]!)))
        .join('')
        .concat('\n'),
    )
    .join('');
}

/** A row for each priority level, by name. */
export function dumpLevels(levels: readonly DumpedLevel[]): string {
  return table([
    [
      'PriorityLevelName',
      'ActiveQueues',
      'IsIdle',
      'IsQuiescing',
      'WaitingRequests',
      'ExecutingRequests',
      'DispatchedRequests',
      'RejectedRequests',
      'TimedoutRequests',
      'CancelledRequests',
    ],
    ...[...levels]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((level) => [
        level.name,
        String(level.queues.filter((queue) => queue.waiting.length > 0).length),
        String(level.waiting === 0 && level.executing === 0),
        'false',
        ...[
          level.waiting,
          level.executing,
          level.dispatched,
          level.rejected,
          level.timedOut,
          level.cancelled,
        ].map(String),
      ]),
  ]);
}

/** A row for each queue. */
export function dumpQueues(levels: readonly DumpedLevel[]): string {
  return table([
    [
      'PriorityLevelName',
      'Index',
      'PendingRequests',
      'ExecutingRequests',
      'SeatsInUse',
      'NextDispatchR',
      'InitialSeatsSum',
      'MaxSeatsSum',
      'TotalWorkSum',
    ],
    ...levels.flatMap((level) =>
      level.queues.map((queue) => {
        const seats = String(queue.waiting.reduce((sum, ticket) => sum + ticket.seats, 0));
        return [
          level.name,
          String(queue.index),
          String(queue.waiting.length),
          String(queue.executing),
          String(queue.seatsInUse),
          `${queue.next.toFixed(8)}ss`,
          seats,
          seats,
          `${queue.work.toFixed(8)}ss`,
        ];
      }),
    ),
  ]);
}

/** A row for each request. */
export function dumpRequests(requests: readonly DumpedRequest[], details: boolean): string {
  const time = (ms: number | undefined): string =>
    ms === undefined ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString();
  return table([
    [
      'PriorityLevelName',
      'FlowSchemaName',
      'QueueIndex',
      'RequestIndexInQueue',
      'FlowDistingsher',
      'ArriveTime',
      'InitialSeats',
      'FinalSeats',
      'AdditionalLatency',
      'StartTime',
      ...(details
        ? ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource']
        : []),
    ],
    ...requests.map((r) => [
      r.level,
      r.schema,
      String(r.queue),
      String(r.place),
      r.distinguisher,
      time(r.arrivedAt),
      String(r.seats),
      '0',
      '0s',
      time(r.startedAt),
      ...(details
        ? [r.user, r.verb, r.path, r.namespace, r.name, r.apiVersion, r.resource, r.subresource]
        : []),
    ]),
  ]);
}
