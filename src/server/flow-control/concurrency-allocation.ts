/** What a priority level may have of the seats there are. */
export interface SeatClaim {
  lowest: number;
  highest: number;
  /** What it would like; at least `lowest`. */
  target: number;
}

const LEAST_TARGET = 0.001;

/**
 * Divides seats so that each level gets the same fraction of its target, but no less than its lowest and no more than its
 * highest number (apiserver pkg/util/flowcontrol/conc_alloc.go). Where that can't add up to `seats`, everybody gets the bound
 * that comes nearest.
 */
export function allocateSeats(
  seats: number,
  claims: readonly SeatClaim[],
): { seats: number[]; fraction: number } {
  const target = (claim: SeatClaim): number => Math.max(claim.target, LEAST_TARGET);
  const share = (fraction: number): number[] =>
    claims.map((claim) => Math.min(claim.highest, Math.max(claim.lowest, fraction * target(claim))));
  const sum = (fraction: number): number => share(fraction).reduce((total, n) => total + n, 0);
  if (claims.length === 0) return { seats: [], fraction: 0 };
  // The sum grows with the fraction and bends only where a level meets one of its bounds.
  const bends = claims
    .flatMap((claim) => [claim.lowest / target(claim), claim.highest / target(claim)])
    .sort((a, b) => a - b);
  let low = bends[0]!;
  if (sum(low) >= seats) return { seats: share(low), fraction: low };
  for (const bend of bends) {
    const there = sum(bend);
    if (there >= seats) {
      const here = sum(low);
      const fraction = there > here ? low + ((bend - low) * (seats - here)) / (there - here) : bend;
      return { seats: share(fraction), fraction };
    }
    low = bend;
  }
  return { seats: share(low), fraction: low };
}
