import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import type { Remedy } from '../authorization/near-misses.ts';
import type { RbacSource } from '../authorization/rbac/source.ts';
import type { DecisionRecord, DecisionRing } from '../explain/record.ts';
import { badRequestError, methodNotAllowedError, notFoundError } from '../meta/status.ts';
import { answerBytes } from './answer.ts';
import type { ExtraPath } from './api.ts';

const ROOT = '/sallyport/v1/decisions';
const DEFAULT_LIMIT = 100;

export interface DecisionsParts {
  decisions: DecisionRing;
  /** The policy as it is when somebody reads. */
  policy: RbacSource;
}

/**
 * What the doors said of the last requests, for those whose RBAC rights reach the path. Newest first:
 *
 * - `GET /sallyport/v1/decisions?limit=N` (100 unless told) answers `{"items": [...]}`
 * - `GET /sallyport/v1/decisions/AUDIT-ID` answers one record
 *
 * With `whyNot=true` records of requests that lacked a right have `whyNot`: the caller's bindings that came closest, and a
 * manifest that would allow it. It is made when read, from the policy as it is then; nothing of it is kept.
 */
export function decisionsPath({ decisions, policy }: DecisionsParts): ExtraPath {
  return async (request) => {
    const { path } = request.info;
    if (path !== ROOT && !path.startsWith(`${ROOT}/`)) return false;
    if (request.exchange.method !== 'GET') throw methodNotAllowedError();
    const shown = request.query.get('whyNot') === 'true' ? await withWhyNot(policy) : asKept;
    let answer: unknown;
    if (path === ROOT) {
      const limit = limitOf(request.query.get('limit'));
      answer = { items: decisions.list(limit).map(shown) };
    } else {
      const id = path.slice(ROOT.length + 1);
      const record = decisions.get(id);
      if (!record) throw notFoundError({ group: '', resource: 'decisions' }, id);
      answer = shown(record);
    }
    answerBytes(request, 200, { 'content-type': 'application/json' }, `${JSON.stringify(answer)}\n`);
    return true;
  };
}

const asKept = (record: DecisionRecord): DecisionRecord => record;

/** Near misses are looked for, and what writes YAML is loaded, for those who ask. */
async function withWhyNot(
  policy: RbacSource,
): Promise<(record: DecisionRecord) => DecisionRecord & { whyNot?: Remedy }> {
  const { explainRefusal } = await import('../authorization/near-misses.ts');
  return (record) => {
    const asked = missingRight(record);
    return asked ? { ...record, whyNot: explainRefusal(policy, asked) } : record;
  };
}

/** The right that RBAC was asked for and did not find; undefined where another door, or an authorizer before RBAC, refused. */
function missingRight(record: DecisionRecord): AuthorizationAttributes | undefined {
  const { impersonation, authentication, authorization, request } = record;
  if (impersonation?.missing) return impersonation.missing;
  const user = impersonation?.user ?? authentication?.user;
  if (!user || !authorization || authorization.decision === 'allow') return undefined;
  if (!authorization.asked.some(({ by, decision }) => by === 'RBAC' && decision === 'noOpinion'))
    return undefined;
  const { verb, apiGroup, apiVersion, namespace, resource, subresource, name, path } = request;
  const isResourceRequest = resource !== '';
  const of = { verb, apiGroup, apiVersion, namespace, resource, subresource, name, path };
  return { user, isResourceRequest, ...of };
}

function limitOf(text: string | null): number {
  if (text === null || text === '') return DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw badRequestError('limit has to be a whole number above 0');
  return Number(text);
}
