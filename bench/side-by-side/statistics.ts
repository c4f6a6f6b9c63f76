/** What repeated measurements of one thing say together. */
export interface Summary {
  median: number;
  least: number;
  most: number;
  /** Half of what lies between the least and the most, as a part of the median. */
  spread: number;
}

/** Undefined where nothing was measured. */
export function summary(samples: readonly number[]): Summary | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  const [least, most] = [sorted[0]!, sorted.at(-1)!];
  return { median, least, most, spread: median === 0 ? 0 : (most - least) / 2 / median };
}

/**
 * The median of the quotients of samples that were taken one after the other, so that what slowed both of a pair down
 * does not count. Undefined where there is no whole pair.
 */
export function pairedRatio(samples: readonly number[], base: readonly number[]): number | undefined {
  const ratios: number[] = [];
  for (let i = 0; i < Math.min(samples.length, base.length); i++)
    if (base[i]! > 0) ratios.push(samples[i]! / base[i]!);
  return summary(ratios)?.median;
}
