import type { Strategy } from '../strategy.ts';
import { deviceclasses } from './deviceclasses.ts';
import { resourceclaims } from './resourceclaims.ts';
import { resourceclaimtemplates } from './resourceclaimtemplates.ts';
import { resourceslices } from './resourceslices.ts';

export const resourceStrategies: Record<string, Strategy> = {
  deviceclasses,
  resourceclaims,
  resourceclaimtemplates,
  resourceslices,
};
