import { admissionFlags } from './apiserver-flags/admission.ts';
import { apiEnablementFlags } from './apiserver-flags/api-enablement.ts';
import { auditingFlags } from './apiserver-flags/auditing.ts';
import { authenticationFlags } from './apiserver-flags/authentication.ts';
import { authorizationFlags } from './apiserver-flags/authorization.ts';
import { egressSelectorFlags } from './apiserver-flags/egress-selector.ts';
import { etcdFlags } from './apiserver-flags/etcd.ts';
import { featuresFlags } from './apiserver-flags/features.ts';
import { genericFlags } from './apiserver-flags/generic.ts';
import { logsFlags } from './apiserver-flags/logs.ts';
import { metricsFlags } from './apiserver-flags/metrics.ts';
import { miscFlags } from './apiserver-flags/misc.ts';
import { sallyportFlags } from './apiserver-flags/sallyport.ts';
import { secureServingFlags } from './apiserver-flags/secure-serving.ts';
import { tracesFlags } from './apiserver-flags/traces.ts';
import type { FlagGroup } from './flag-set.ts';

/** kube-apiserver's flags by their own names and groups, and those of Sallyport itself. */
export const apiserverFlags: readonly FlagGroup[] = [
  sallyportFlags,
  genericFlags,
  etcdFlags,
  secureServingFlags,
  auditingFlags,
  featuresFlags,
  authenticationFlags,
  authorizationFlags,
  apiEnablementFlags,
  egressSelectorFlags,
  admissionFlags,
  metricsFlags,
  logsFlags,
  tracesFlags,
  miscFlags,
];
