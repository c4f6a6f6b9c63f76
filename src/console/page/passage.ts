import type { DecisionRecord } from '../../explain/record.ts';
import { countsAgainst } from '../../explain/verdict.ts';
import type { UserInfo } from '../../meta/user.ts';

/** The doors in the order in which a request comes to them. */
export const DOORS = ['authentication', 'impersonation', 'authorization', 'admission', 'store'] as const;
export type Door = (typeof DOORS)[number];

/** How a request fared at one door. Each has an icon of its name. */
export type Passing = 'allowed' | 'refused' | 'failed' | 'skipped' | 'unreached' | 'running';

export type Outcome = 'allowed' | 'refused' | 'failed' | 'running';

export const OUTCOMES: Readonly<Record<Outcome, string>> = {
  allowed: 'Let in',
  refused: 'Turned away',
  failed: 'Failed',
  running: 'Under way',
};

export const PASSINGS: Readonly<Record<Passing, string>> = {
  allowed: 'passed',
  refused: 'turned away',
  failed: 'failed',
  skipped: 'not needed',
  unreached: 'not reached',
  running: 'under way',
};

/** The door that a request was turned away at, with the code that says why; undefined where none did. */
export function refusalOf(record: DecisionRecord): { door: Door; code: string } | undefined {
  const { authentication, impersonation, authorization, admission } = record;
  if (authentication && !authentication.user) {
    const refused = authentication.asked.findLast(countsAgainst);
    return { door: 'authentication', code: refused?.code ?? 'NO_CREDENTIALS' };
  }
  if (impersonation?.refused !== undefined)
    return {
      door: 'impersonation',
      code: impersonation.missing ? 'IMPERSONATION_RIGHT' : 'IMPERSONATION_REFUSED',
    };
  if (authorization && authorization.decision !== 'allow')
    return { door: 'authorization', code: authorization.asked.at(-1)?.code ?? 'ALWAYS_REFUSED' };
  const denied = admission?.findLast(({ outcome }) => outcome === 'denied');
  return denied && { door: 'admission', code: denied.code };
}

export function outcomeOf(record: DecisionRecord): Outcome {
  if (refusalOf(record)) return 'refused';
  if (record.status === undefined) return record.micros === undefined ? 'running' : 'failed';
  return record.status >= 500 ? 'failed' : 'allowed';
}

/** How a request fared at each door. */
export function passageOf(record: DecisionRecord): Record<Door, Passing> {
  const refusal = refusalOf(record);
  const { authentication, authorization, admission, impersonation, request, status } = record;
  const at = refusal ? DOORS.indexOf(refusal.door) : DOORS.length;
  const passing = (door: Door, seen: boolean): Passing => {
    const place = DOORS.indexOf(door);
    if (place === at) return 'refused';
    if (place > at) return 'unreached';
    return seen ? 'allowed' : 'skipped';
  };
  const beyond = (): Passing => {
    if (refusal) return 'unreached';
    if (request.resource === '') return 'skipped';
    if (status === undefined) return outcomeOf(record) === 'running' ? 'running' : 'failed';
    return status >= 400 ? 'failed' : 'allowed';
  };
  return {
    authentication: passing('authentication', authentication !== undefined),
    impersonation: passing('impersonation', impersonation !== undefined),
    authorization: passing('authorization', authorization !== undefined),
    admission: passing('admission', Boolean(admission?.length)),
    store: beyond(),
  };
}

/** As whom a request was made, and by whom where that is somebody else. */
export function callerOf({ authentication, impersonation }: DecisionRecord): {
  user: UserInfo | undefined;
  by?: UserInfo;
} {
  const own = authentication?.user;
  return impersonation?.user && own ? { user: impersonation.user, by: own } : { user: own };
}

/** The verb, and what it is about: `delete`, `pods/log web in dev`. */
export function subjectOf({ request }: DecisionRecord): { verb: string; what: string } {
  const { verb, resource, subresource, apiGroup, name, namespace, path, method } = request;
  if (resource === '') return { verb: method || verb, what: path };
  const group = apiGroup ? `.${apiGroup}` : '';
  // A namespace is in none but itself.
  const place = namespace && resource !== 'namespaces' ? ` in ${namespace}` : '';
  const sub = subresource ? `/${subresource}` : '';
  return {
    verb,
    what: `${resource}${group}${sub}${name ? ` ${name}` : ''}${place}`,
  };
}

/** The console's own questions would hide everybody else's. */
export const isOurs = ({ request, authentication }: DecisionRecord): boolean =>
  request.path.startsWith('/sallyport/v1/') || authentication?.asked[0]?.by === 'console';
