/** IntOrString values: a port or a share, as a number or as text (apimachinery pkg/util/intstr). */

/** The number of a whole percentage such as `25%`, or undefined (validation.IsValidPercent checks the same form). */
export function percentOf(value: number | string): number | undefined {
  return typeof value === 'string' && /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}

/**
 * The number that a value stands for out of a total: itself, or the share of it that its percentage names.
 * A string is what is wrong, in Go's words (GetScaledValueFromIntOrPercent).
 */
export function scaledValue(value: number | string, total: number, roundUp: boolean): number | string {
  if (typeof value === 'number') return value;
  if (!value.endsWith('%')) return `invalid value for IntOrString: invalid type: string is not a percentage`;
  const digits = value.slice(0, -1);
  if (!/^[+-]?[0-9]+$/.test(digits)) {
    return `invalid value for IntOrString: invalid value ${JSON.stringify(value)}: strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`;
  }
  const share = (Number(digits) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}

/** The number in the value, 0 where it holds none (IntOrString.IntValue). */
export function intValue(value: number | string): number {
  if (typeof value === 'number') return value;
  return /^[+-]?[0-9]+$/.test(value) ? Number(value) : 0;
}
