import type { Facts } from '../verdict.ts';
import { admissionWords } from './admission.ts';
import { policyWords } from './policy.ts';
import { serviceAccountAdmissionWords } from './service-account-admission.ts';

const WORDS: Readonly<Record<string, (facts: any) => string>> = {
  ...admissionWords,
  ...policyWords,
  ...serviceAccountAdmissionWords,
  RBAC_ESCALATION: ({ why }) => String(why ?? 'that grants rights which the caller does not hold'),
};

/** Why an admission plugin refused, in kube-apiserver's words; the code where nobody has words for it. */
export const admissionText = (code: string, facts: Facts): string => WORDS[code]?.(facts) ?? code;
