import type { Strategy } from '../strategy.ts';
import { ingressclasses } from './ingressclasses.ts';
import { ingresses } from './ingresses.ts';
import { ipaddresses } from './ipaddresses.ts';
import { networkpolicies } from './networkpolicies.ts';
import { servicecidrs } from './servicecidrs.ts';

export const networkingStrategies: Record<string, Strategy> = {
  ingressclasses,
  ingresses,
  ipaddresses,
  networkpolicies,
  servicecidrs,
};
