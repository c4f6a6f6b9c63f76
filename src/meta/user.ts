/** Who a request is made by (apiserver pkg/authentication/user). */
export interface UserInfo {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

export const ANONYMOUS = 'system:anonymous';
export const UNAUTHENTICATED = 'system:unauthenticated';
export const AUTHENTICATED = 'system:authenticated';
export const MASTERS = 'system:masters';
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** authentication.k8s.io/v1 UserInfo as reviews and events write it: empty parts are left out. */
export function userInfoJson(user: UserInfo): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  if (user.name) json['username'] = user.name;
  if (user.uid) json['uid'] = user.uid;
  if (user.groups.length) json['groups'] = user.groups;
  if (user.extra && Object.keys(user.extra).length) json['extra'] = user.extra;
  return json;
}
