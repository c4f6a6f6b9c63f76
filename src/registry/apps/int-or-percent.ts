import { type FieldError, invalid } from '../../meta/field-error.ts';
import { intValue, percentOf } from '../../meta/intstr.ts';
import { percentFaults } from '../../meta/names.ts';
import { nonNegative } from '../field-validation.ts';

/** How many pods a rollout may move at once: a number or a share (pkg/apis/apps/validation/validation.go). */

export type IntOrPercent = number | string | undefined;

/** A number that is not negative, or a percentage. */
export function intOrPercentErrors(value: IntOrPercent, path: string): FieldError[] {
  if (typeof value === 'string') return percentFaults(value).map((fault) => invalid(path, value, fault));
  return nonNegative(value ?? 0, path);
}

export function notAbove100PercentErrors(value: IntOrPercent, path: string): FieldError[] {
  const share = value === undefined ? undefined : percentOf(value);
  return share !== undefined && share > 100 ? [invalid(path, value, 'must not be greater than 100%')] : [];
}

/** The number, or that before the percent sign. */
export const countOrShare = (value: IntOrPercent): number =>
  value === undefined ? 0 : (percentOf(value) ?? intValue(value));
