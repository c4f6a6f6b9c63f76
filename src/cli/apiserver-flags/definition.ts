import type { FlagDefinition, FlagType } from '../flag-set.ts';

/** A flag with the name that kube-apiserver gives it; `initial` is shown as its default. */
export const flag = (name: string, type: FlagType, usage: string, initial?: string): FlagDefinition => ({
  name,
  type,
  usage,
  ...(initial === undefined ? {} : { initial }),
});
/** Taken so that command lines written for kube-apiserver work; there is nothing here that it would change. */
export const idle = (name: string, type: FlagType): FlagDefinition => ({
  name,
  type,
  usage: 'Accepted; has no effect here.',
});
