import { pairedRatio, type Summary, summary } from './statistics.ts';

/** Who is measured: a server that only answers, Sallyport, and any other API server. */
export type SubjectName = 'bare' | 'sallyport' | 'other';

/** What a row of the table is about. */
export interface RowTitle {
  name: string;
  title: string;
  unit: 'req/s' | 'events/s' | 'ms' | 'MiB';
  /** The part of the bare server's speed to be reached at least. */
  share?: number;
  /** The value to stay under, where less is better. */
  most?: number;
  /** The part of a bare server's speed that kube-apiserver v1.36.2 with etcd 3.5 reached, on another machine with two cores. */
  peer?: number;
}

/** The samples of one row, in the order in which they were taken. */
export type Samples = Partial<Record<SubjectName, number[]>>;

export interface RowResult extends RowTitle {
  samples: Samples;
  summaries: Partial<Record<SubjectName, Summary>>;
  /** Sallyport's speed as a part of the bare server's, by pairs. */
  ofBare?: number;
  /** Sallyport's speed as a multiple of the other server's. */
  ofOther?: number;
  /** What went wrong, in place of a figure. */
  fault?: string;
}

/** A whole run, as it is written to disk. */
export interface Run {
  at: string;
  machine: { cpu: string; cores: number; memoryGiB: number; node: string; load: string };
  /** The other server's version. */
  other?: string;
  repeats: number;
  seconds: number;
  rows: RowResult[];
}

export function rowResult(row: RowTitle, samples: Samples, fault?: string): RowResult {
  const { name, title, unit, share, most, peer } = row;
  const result: RowResult = { name, title, unit, samples, summaries: {} };
  if (share !== undefined) result.share = share;
  if (most !== undefined) result.most = most;
  if (peer !== undefined) result.peer = peer;
  for (const subject of ['bare', 'sallyport', 'other'] as const) {
    const said = summary(samples[subject] ?? []);
    if (said) result.summaries[subject] = said;
  }
  const ofBare = pairedRatio(samples.sallyport ?? [], samples.bare ?? []);
  const ofOther = pairedRatio(samples.sallyport ?? [], samples.other ?? []);
  if (ofBare !== undefined) result.ofBare = ofBare;
  if (ofOther !== undefined) result.ofOther = ofOther;
  if (fault !== undefined) result.fault = fault;
  return result;
}

/** Whether a row reached what it is to reach; undefined where nothing is asked of it or nothing was measured. */
export function reached({ share, most, ofBare, summaries }: RowResult): boolean | undefined {
  if (share !== undefined) return ofBare === undefined ? undefined : ofBare >= share;
  if (most !== undefined) return summaries.sallyport && summaries.sallyport.median <= most;
  return undefined;
}

/**
 * How much faster (or smaller) a row is than in an earlier run, as a part of the earlier figure; positive is better.
 * Speeds are compared as parts of the bare server's, which leaves out how fast the machine was that hour.
 */
export function change(now: RowResult, before: RowResult | undefined): number | undefined {
  if (!before) return undefined;
  const isLess = now.unit === 'ms' || now.unit === 'MiB';
  const of = (row: RowResult): number | undefined =>
    isLess ? row.summaries.sallyport?.median : (row.ofBare ?? row.summaries.sallyport?.median);
  const [a, b] = [of(now), of(before)];
  if (!a || !b) return undefined;
  return isLess ? b / a - 1 : a / b - 1;
}
