/** Names of service accounts as users (apiserver pkg/authentication/serviceaccount/util.go). */

const PREFIX = 'system:serviceaccount:';
const ALL_GROUP = 'system:serviceaccounts';
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const EXTRA = {
  podName: 'authentication.kubernetes.io/pod-name',
  podUid: 'authentication.kubernetes.io/pod-uid',
  nodeName: 'authentication.kubernetes.io/node-name',
  nodeUid: 'authentication.kubernetes.io/node-uid',
} as const;

export function serviceAccountUsername(namespace: string, name: string): string {
  return `${PREFIX}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return [ALL_GROUP, `${ALL_GROUP}:${namespace}`];
}

/** Namespace and name in a user name; undefined where it is not one that a service account can have. */
export function splitServiceAccountUsername(
  username: string,
): { namespace: string; name: string } | undefined {
  if (!username.startsWith(PREFIX)) return undefined;
  const parts = username.slice(PREFIX.length).split(':');
  if (parts.length !== 2) return undefined;
  const [namespace, name] = parts as [string, string];
  return isDnsLabel(namespace) && isDnsSubdomain(name) ? { namespace, name } : undefined;
}

/** RFC 1123 label, as a namespace's name is. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

/** RFC 1123 subdomain, as the names of service accounts and nodes are. */
export function isDnsSubdomain(text: string): boolean {
  return text.length > 0 && text.length <= 253 && text.split('.').every((label) => LABEL.test(label));
}
