import type { Strategy } from '../strategy.ts';
import { mutatingadmissionpolicies, validatingadmissionpolicies } from './policies.ts';
import { mutatingadmissionpolicybindings, validatingadmissionpolicybindings } from './policybindings.ts';
import { mutatingwebhookconfigurations, validatingwebhookconfigurations } from './webhookconfigurations.ts';

export const admissionregistrationStrategies: Record<string, Strategy> = {
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  mutatingwebhookconfigurations,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
  validatingwebhookconfigurations,
};
