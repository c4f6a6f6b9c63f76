/** Labels of a Node that its kubelet may set (k8s.io/kubelet pkg/apis/well_known_labels.go). */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);
const KUBELET_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const KUBERNETES_DOMAINS = ['kubernetes.io', 'k8s.io'];
const RESTRICTED_DOMAIN = 'node-restriction.kubernetes.io';

type Labels = Readonly<Record<string, string>> | undefined;

/** Labels, sorted, that differ and that a kubelet must not touch: with them it would draw workloads to itself. */
export function forbiddenLabels(now: Labels, before: Labels): string[] {
  const names = new Set([...Object.keys(now ?? {}), ...Object.keys(before ?? {})]);
  return [...names].filter((name) => now?.[name] !== before?.[name] && isForbidden(name)).sort();
}

function isForbidden(name: string): boolean {
  const slash = name.indexOf('/');
  if (slash < 0) return false;
  const domain = name.slice(0, slash);
  if (isWithin(domain, RESTRICTED_DOMAIN)) return true;
  if (!KUBERNETES_DOMAINS.some((own) => isWithin(domain, own))) return false;
  return !KUBELET_LABELS.has(name) && !KUBELET_DOMAINS.some((own) => isWithin(domain, own));
}

const isWithin = (domain: string, of: string): boolean => domain === of || domain.endsWith(`.${of}`);
