import type { CelType } from './types.ts';

export interface SizeEstimate {
  min: number;
  max: number;
}
export interface CallEstimate {
  cost: SizeEstimate;
  size?: SizeEstimate;
}
export interface EstimateNode {
  path: readonly string[] | undefined;
  type: CelType;
  computedSize: SizeEstimate | undefined;
  literal: unknown;
}
export type CallEstimator = (
  target: EstimateNode | undefined,
  args: readonly EstimateNode[],
) => CallEstimate | undefined;
