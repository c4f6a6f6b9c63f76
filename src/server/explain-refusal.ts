import { pathAttributes } from '../authorization/attributes.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import type { RbacSource } from '../authorization/rbac/source.ts';
import { type Explanation, explanationsOf, missingRight } from '../explain/explanation.ts';
import type { DecisionRecord } from '../explain/record.ts';
import { AUTHENTICATED, type UserInfo } from '../meta/user.ts';
import type { ApiRequest } from './api-request.ts';

/** Who is told, in the answer itself, why a request was refused. Each but `off` takes in those the next one names. */
export const EXPLAIN_MODES = ['off', 'permitted', 'loopback', 'authenticated'] as const;
export type ExplainMode = (typeof EXPLAIN_MODES)[number];

/** Whoever may `get` this path is told in every mode but `off`. */
export const EXPLAIN_PATH = '/sallyport/explain';

const MAX_WARNINGS = 4;
const MAX_LENGTH = 1200;
const MAX_WHAT = 500;
/** A proxy on this machine speaks for others: its peers are not on loopback because it is. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-remote-user'];

export interface RefusalExplainerParts {
  mode: ExplainMode;
  authorization: Pick<AuthorizationChain, 'authorize'>;
  /** The policy as it is when a request is refused. */
  policy: RbacSource;
  failed(error: unknown): void;
}

/** Adds to a refused request's answer why it was refused, and what would make it work. Never rejects. */
export type RefusalExplainer = (request: ApiRequest) => Promise<void>;

/** Undefined where nobody is to be told: then a refusal costs what it did. */
export function refusalExplainer(parts: RefusalExplainerParts): RefusalExplainer | undefined {
  if (parts.mode === 'off') return undefined;
  return async (request) => {
    try {
      if (!(await mayKnow(parts, request))) return;
      const explanations = await explanationsNow(request.record.record(), parts.policy, request.now);
      for (const explanation of explanations.slice(0, MAX_WARNINGS)) request.warn(warningOf(explanation));
    } catch (error) {
      // The refusal stands, with or without its explanation.
      parts.failed(error);
    }
  };
}

/** Explanations by the policy as it is now; what looks for near misses is loaded for those who ask. */
export async function explanationsNow(
  record: DecisionRecord,
  policy: RbacSource,
  now: number,
): Promise<Explanation[]> {
  const lacking = missingRight(record);
  if (!lacking) return explanationsOf(record, undefined, now);
  const { explainRefusal } = await import('../authorization/near-misses.ts');
  return explanationsOf(record, explainRefusal(policy, lacking), now);
}

async function mayKnow(
  { mode, authorization }: RefusalExplainerParts,
  request: ApiRequest,
): Promise<boolean> {
  const caller = request.record.caller;
  if (mode === 'loopback' && isFromHere(request)) return true;
  if (!caller) return false;
  if (mode === 'authenticated' && isSomebody(caller)) return true;
  const { decision } = await authorization.authorize(pathAttributes(caller, 'get', EXPLAIN_PATH));
  return decision === 'allow';
}

const isSomebody = ({ groups }: UserInfo): boolean => groups.includes(AUTHENTICATED);

function isFromHere({ exchange }: ApiRequest): boolean {
  return isLoopback(exchange.remoteAddress) && !FORWARDED.some((name) => exchange.header(name) !== undefined);
}

/** IPv4 127.0.0.0/8, also within IPv6, and ::1. */
export const isLoopback = (address: string): boolean =>
  address === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);

/** What failed may be shortened: the answer's body says it too, but not what helps. */
function warningOf({ what, fix }: Explanation): string {
  return cut(`${cut(what, MAX_WHAT)}; ${fix}`, MAX_LENGTH);
}

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 3)}...`;
