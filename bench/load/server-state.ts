import { readFileSync } from 'node:fs';
import type { ApiClient } from '../side-by-side/api-client.ts';

export interface ServerState {
  residentMiB: number;
  heapMiB: number;
  externalMiB: number;
  /** Seconds of processor time that the process has used. */
  cpuSeconds: number;
}

/** VmRSS of a process. */
export const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** What a process holds beside what files it has mapped: the embedded store's pages are the system's to drop. */
export const anonymousMiB = (pid: number): number =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** A number of /metrics, by the line's beginning; undefined where it is not there. */
export function metric(text: string, line: string): number | undefined {
  const at = text.indexOf(`\n${line} `);
  return at < 0 ? undefined : Number.parseFloat(text.slice(at + line.length + 2));
}

export async function metricsOf(api: ApiClient): Promise<string> {
  return api.text('GET', '/metrics');
}

export function stateOf(pid: number, metrics: string): ServerState {
  const mib = (line: string): number => (metric(metrics, line) ?? 0) / 2 ** 20;
  return {
    residentMiB: residentMiB(pid),
    heapMiB: mib('nodejs_heap_size_used_bytes'),
    externalMiB: mib('nodejs_external_memory_bytes'),
    cpuSeconds: metric(metrics, 'process_cpu_seconds_total') ?? 0,
  };
}

/** Turns of the event loop: what the histogram of two looks at /metrics tells of the time between. */
export function loopDelay(before: string, after: string): { p50: number; p99: number; most: number } {
  const name = 'sallyport_event_loop_delay_seconds';
  const counts = (text: string): [bound: number, count: number][] =>
    [...text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"\\} (\\d+)$`, 'gm'))].map((m) => [
      m[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(m[1]),
      Number(m[2]),
    ]);
  const first = counts(before);
  const between = counts(after).map(([bound, count], i) => [bound, count - (first[i]?.[1] ?? 0)] as const);
  const all = between.at(-1)?.[1] ?? 0;
  const upTo = (part: number): number => (between.find(([, count]) => count >= all * part)?.[0] ?? 0) * 1000;
  return { p50: upTo(0.5), p99: upTo(0.99), most: upTo(1) };
}
