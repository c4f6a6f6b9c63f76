import type { Strategy } from '../strategy.ts';
import { csidrivers } from './csidrivers.ts';
import { csinodes } from './csinodes.ts';
import { csistoragecapacities } from './csistoragecapacities.ts';
import { storageclasses } from './storageclasses.ts';
import { volumeattachments } from './volumeattachments.ts';
import { volumeattributesclasses } from './volumeattributesclasses.ts';

export const storageStrategies: Record<string, Strategy> = {
  csidrivers,
  csinodes,
  csistoragecapacities,
  storageclasses,
  volumeattachments,
  volumeattributesclasses,
};
