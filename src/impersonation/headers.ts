import { unescapeKey } from '../authentication/extra-key.ts';
import { quote } from '../meta/go-quote.ts';
import { badRequestError, type StatusError } from '../meta/status.ts';

const USER = 'impersonate-user';
const UID = 'impersonate-uid';
const GROUP = 'impersonate-group';
const EXTRA = 'impersonate-extra-';

/** Whether a request may ask to be somebody else's: most do not, which is found out without anything being made. */
export function mayImpersonate(headers: Pick<RequestHeaders, 'headerNames'>): boolean {
  for (const header of headers.headerNames()) if (header.startsWith('impersonate-')) return true;
  return false;
}

/** The headers of a request, by lower-case names; bytes beyond ASCII read as UTF-8. */
export interface RequestHeaders {
  header(name: string): string | undefined;
  headerValues(name: string): readonly string[];
  headerNames(): readonly string[];
}

/** Whom a caller wants to be, as the headers have it and nothing added. */
export interface WantedUser {
  name: string;
  uid: string;
  groups: readonly string[];
  extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * Reads the impersonation headers: the first user and uid, all groups, extras by key in lower case and percent-decoded
 * (apiserver pkg/endpoints/filters/impersonation). Undefined where nobody is to be impersonated; `error` where something
 * is asked for without a user.
 */
export function readImpersonation(
  headers: RequestHeaders,
  describe: (wanted: WantedUser) => string = goDump,
): { wanted: WantedUser } | { error: StatusError } | undefined {
  const name = headers.header(USER) ?? '';
  const uid = headers.header(UID) ?? '';
  const groups = headers.headerValues(GROUP);
  const extra = new Map<string, readonly string[]>();
  for (const header of headers.headerNames()) {
    if (!header.startsWith(EXTRA)) continue;
    const key = unescapeKey(header.slice(EXTRA.length));
    extra.set(key, [...(extra.get(key) ?? []), ...headers.headerValues(header)]);
  }
  if (name === '' && uid === '' && groups.length === 0 && extra.size === 0) return undefined;
  const wanted: WantedUser = { name, uid, groups, extra: Object.fromEntries(extra) };
  return name === '' ? { error: badRequestError(describe(wanted)) } : { wanted };
}

/** The complaint about a user without a name, with the user as Go's %#v prints it. */
function goDump({ uid, groups, extra }: WantedUser): string {
  const list = (values: readonly string[]): string => `[]string{${values.map(quote).join(', ')}}`;
  const entries = Object.keys(extra)
    .sort()
    .map((key) => `${quote(key)}:${list(extra[key]!)}`);
  const shownGroups = groups.length ? list(groups) : '[]string(nil)';
  const shownExtra = entries.length
    ? `map[string][]string{${entries.join(', ')}}`
    : 'map[string][]string(nil)';
  return `requested &user.DefaultInfo{Name:"", UID:${quote(uid)}, Groups:${shownGroups}, Extra:${shownExtra}} without impersonating a user name`;
}

/** The same complaint of a server without constrained impersonation: references as Go's %v prints them. */
export function legacyDump({ uid, groups, extra }: WantedUser): string {
  const V1 = 'authentication.k8s.io/v1';
  const references = [
    ...groups.map((group) => `{Group  ${group}    }`),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((v) => `{UserExtra  ${v}  ${V1}  ${key}}`),
    ),
    ...(uid ? [`{UID  ${uid}  ${V1}  }`] : []),
  ];
  return `requested [${references.join(' ')}] without impersonating a user`;
}
