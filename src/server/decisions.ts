import type { RbacSource } from '../authorization/rbac/source.ts';
import { type Explanation, explanationsOf, missingRight } from '../explain/explanation.ts';
import type { RemedyFacts } from '../explain/near-miss.ts';
import type { DecisionRecord, DecisionRing } from '../explain/record.ts';
import { badRequestError, methodNotAllowedError, notFoundError } from '../meta/status.ts';
import { answerBytes } from './answer.ts';
import type { ExtraPath } from './api.ts';
import type { ApiRequest } from './api-request.ts';
import type { OpenWatches } from './handlers/watch.ts';

const ROOT = '/sallyport/v1/decisions';
const DEFAULT_LIMIT = 100;
/** A follower that is so far behind is dropped. */
const MAX_BEHIND_BYTES = 1024 * 1024;

export interface DecisionsParts {
  decisions: DecisionRing;
  /** The policy as it is when somebody reads. */
  policy: RbacSource;
  watches: OpenWatches;
}

/** A record as it is shown to those who ask why. */
export type ShownDecision = DecisionRecord & { whyNot?: RemedyFacts; explanations?: Explanation[] };

/**
 * What the doors said of the last requests, for those whose RBAC rights reach the path. Newest first:
 *
 * - `GET /sallyport/v1/decisions?limit=N` (100 unless told) answers `{"items": [...]}`
 * - `GET /sallyport/v1/decisions?watch=1` answers records of requests as they end, one JSON object a line
 * - `GET /sallyport/v1/decisions/AUDIT-ID` answers one record
 *
 * `user=NAME` selects by the caller or by whom he impersonates; `verdict=` by `allowed`, `refused`, or a verdict's code.
 *
 * With `whyNot=true` refused requests have `explanations`, and those that lacked a right have `whyNot`: the caller's bindings
 * that came closest, and a manifest that would allow it. Both are made when read, from the policy as it is then.
 */
export function decisionsPath({ decisions, policy, watches }: DecisionsParts): ExtraPath {
  return async (request) => {
    const { path } = request.info;
    if (path !== ROOT && !path.startsWith(`${ROOT}/`)) return false;
    if (request.exchange.method !== 'GET') throw methodNotAllowedError();
    const shown = request.query.get('whyNot') === 'true' ? await withWhyNot(policy) : asKept;
    const matches = filterOf(request.query);
    if (path !== ROOT) {
      const id = path.slice(ROOT.length + 1);
      const record = decisions.get(id);
      if (!record) throw notFoundError({ group: '', resource: 'decisions' }, id);
      answerJson(request, shown(record));
    } else if (isTrue(request.query.get('watch'))) {
      await follow(request, decisions, watches, (record) => (matches(record) ? shown(record) : undefined));
    } else {
      const limit = limitOf(request.query.get('limit'));
      answerJson(request, { items: decisions.list(limit, matches).map(shown) });
    }
    return true;
  };
}

const answerJson = (request: ApiRequest, answer: unknown): void =>
  answerBytes(request, 200, { 'content-type': 'application/json' }, `${JSON.stringify(answer)}\n`);

/** kube-apiserver's reading of `?watch`: there, and neither false nor 0. */
const isTrue = (text: string | null): boolean =>
  text !== null && !['false', '0'].includes(text.toLowerCase());

async function follow(
  request: ApiRequest,
  decisions: DecisionRing,
  watches: OpenWatches,
  shown: (record: DecisionRecord) => ShownDecision | undefined,
): Promise<void> {
  if (request.audit) await request.audit.started(200);
  if (request.exchange.closed) return;
  request.record.status = 200;
  const out = request.exchange.stream(
    200,
    request.answerHeaders({ 'content-type': 'application/json;stream=watch' }),
  );
  await new Promise<void>((resolve) => {
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      stop();
      forget();
      out.end();
      resolve();
    };
    const stop = decisions.follow((record) => {
      const line = shown(record);
      if (!line) return;
      out.write(`${JSON.stringify(line)}\n`);
      if (out.writableLength > MAX_BEHIND_BYTES) end();
    });
    const forget = watches.add(end);
    request.end = end;
    request.exchange.onClose(end);
  });
}

const asKept = (record: DecisionRecord): ShownDecision => record;

/** Near misses are looked for, and what writes YAML is loaded, for those who ask. */
async function withWhyNot(policy: RbacSource): Promise<(record: DecisionRecord) => ShownDecision> {
  const { explainRefusal } = await import('../authorization/near-misses.ts');
  return (record) => {
    const lacking = missingRight(record);
    const whyNot = lacking ? explainRefusal(policy, lacking) : undefined;
    const explanations = explanationsOf(record, whyNot, record.at);
    return {
      ...record,
      ...(whyNot ? { whyNot } : {}),
      ...(explanations.length ? { explanations } : {}),
    };
  };
}

function filterOf(query: URLSearchParams): (record: DecisionRecord) => boolean {
  const user = query.get('user');
  const verdict = query.get('verdict');
  return (record) =>
    (!user || record.authentication?.user?.name === user || record.impersonation?.user?.name === user) &&
    (!verdict || hasVerdict(record, verdict));
}

/** Whether the doors let a request through or not, or one of them gave a verdict with this code. */
function hasVerdict(record: DecisionRecord, verdict: string): boolean {
  const { authentication, impersonation, authorization, admission = [] } = record;
  const isRefused =
    (authentication !== undefined && !authentication.user) ||
    impersonation?.refused !== undefined ||
    (authorization !== undefined && authorization.decision !== 'allow') ||
    admission.some(({ outcome }) => outcome === 'denied');
  if (verdict === 'refused') return isRefused;
  if (verdict === 'allowed') return !isRefused && authorization !== undefined;
  const verdicts = [...(authentication?.asked ?? []), ...(authorization?.asked ?? []), ...admission];
  return verdicts.some(({ code }) => code === verdict);
}

function limitOf(text: string | null): number {
  if (text === null || text === '') return DEFAULT_LIMIT;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw badRequestError('limit has to be a whole number above 0');
  return Number(text);
}
