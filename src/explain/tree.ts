import type { UserInfo } from '../meta/user.ts';
import { type Canvas, drawTree, type Mark, PLAIN, printable, type TreeNode } from './drawing.ts';
import { askedRight, type Explanation, missingRight } from './explanation.ts';
import { either, who } from './fixes/phrases.ts';
import { type NearBinding, nearMissText, type RemedyFacts } from './near-miss.ts';
import type { DecisionRecord } from './record.ts';
import type { AuthenticationVerdict, Facts } from './verdict.ts';
import { admissionText } from './words/admission-text.ts';
import { refusalWords } from './words/authentication.ts';
import { authorizationWords } from './words/authorization.ts';

/** A decision with what has been found out about it since. */
export type ExplainedDecision = DecisionRecord & {
  whyNot?: RemedyFacts;
  explanations?: readonly Explanation[];
};

/** The way of a request through the doors, drawn as a tree, and the commands that would help; ends with a line break. */
export function decisionTree(decision: ExplainedDecision, canvas: Canvas = PLAIN): string {
  const explanations = decision.explanations ?? [];
  const root: TreeNode = {
    text: headline(decision),
    children: [
      ...(decision.id ? [{ text: origin(decision) }] : []),
      ...authentication(decision),
      ...impersonation(decision),
      ...authorization(decision),
      ...admission(decision),
      ...explanations.map(explanation),
    ],
  };
  const commands = explanations.flatMap((one) => one.commands ?? []);
  return `${drawTree(root, canvas)}${commands.length ? `\n${commands.map((command) => `  ${printable(command)}\n`).join('')}\n` : ''}`;
}

function headline({ request, status, micros }: DecisionRecord): string {
  const { verb, resource, subresource, apiGroup, name, namespace, path, method } = request;
  const group = apiGroup ? `.${apiGroup}` : '';
  const what = resource
    ? `${verb} ${resource}${group}${subresource ? `/${subresource}` : ''}${name ? ` ${name}` : ''}${namespace ? ` in ${namespace}` : ''}`
    : `${method || verb} ${path}`;
  const end = status === undefined ? '' : `: ${status}`;
  return `${what}${end}${time(micros)}`;
}

function origin({ id, at, request }: DecisionRecord): string {
  const agent = request.userAgent ? ` by ${request.userAgent}` : '';
  const target = request.resource ? `${request.method} ${request.path} ` : '';
  return `${target}at ${new Date(at).toISOString()} from ${request.remoteAddress || 'here'}${agent}, id ${id}`;
}

const time = (micros: number | undefined): string => (micros === undefined ? '' : ` (${micros} µs)`);

const VERDICTS: Readonly<Record<AuthenticationVerdict['verdict'], string>> = {
  authenticated: 'recognised',
  notMine: 'not its kind',
  refused: 'refused',
};

const VERDICT_MARKS: Readonly<Record<AuthenticationVerdict['verdict'], Mark>> = {
  authenticated: 'good',
  notMine: 'neutral',
  refused: 'bad',
};

const userText = (user: UserInfo): string => `${who(user)}${user.uid ? `, uid ${user.uid}` : ''}`;

function authentication({ authentication: door }: DecisionRecord): TreeNode[] {
  if (!door) return [];
  const result = door.user ? userText(door.user) : 'nobody';
  return [
    {
      text: `authentication: ${result}${time(door.micros)}`,
      mark: door.user ? 'good' : 'bad',
      children: door.asked.map((verdict) => ({
        text: `${verdict.by}: ${VERDICTS[verdict.verdict]}, ${verdict.code}${factsText(verdict.facts)}`,
        // What somebody else made good did no harm.
        mark: door.user && verdict.verdict === 'refused' ? 'neutral' : VERDICT_MARKS[verdict.verdict],
        ...(verdict.verdict === 'refused' ? { children: [{ text: refusalWords(verdict) }] } : {}),
      })),
    },
  ];
}

function impersonation({ impersonation: door }: DecisionRecord): TreeNode[] {
  if (!door) return [];
  if (door.refused !== undefined)
    return [
      {
        text: `impersonation: refused${time(door.micros)}`,
        mark: 'bad',
        children: [{ text: door.refused }],
      },
    ];
  const how = door.constraint ? ` by ${door.constraint}` : '';
  return [
    {
      text: `impersonation: as ${door.user ? userText(door.user) : 'somebody'}${how}${time(door.micros)}`,
      mark: 'good',
    },
  ];
}

const DECISION_MARKS: Readonly<Record<string, Mark>> = { allow: 'good', deny: 'bad' };

const DECISIONS: Readonly<Record<string, string>> = {
  allow: 'allowed',
  deny: 'denied',
  noOpinion: 'no opinion',
};

function authorization(decision: ExplainedDecision): TreeNode[] {
  const { authorization: door } = decision;
  if (!door) return [];
  const result = door.decision === 'allow' ? 'allowed' : 'refused';
  return [
    {
      text: `authorization: ${result}${time(door.micros)}`,
      mark: door.decision === 'allow' ? 'good' : 'bad',
      children: door.asked.map(({ by, code, decision: said, facts }) => ({
        text: `${by}: ${DECISIONS[said] ?? said}, ${code}${factsText(facts)}`,
        mark: DECISION_MARKS[said] ?? 'neutral',
        children: [
          { text: authorizationWords[code]?.(facts) ?? code },
          ...(code === 'RBAC_NO_RULE' ? nearMisses(decision) : []),
        ],
      })),
    },
  ];
}

function nearMisses(decision: ExplainedDecision): TreeNode[] {
  const asked = missingRight(decision) ?? askedRight(decision);
  if (!asked) return [];
  return (decision.whyNot?.nearMisses ?? []).map((miss) => ({
    text: `nearly: ${nearMissText(miss, asked)}`,
    mark: 'hint',
    children: differences(miss),
  }));
}

const differences = ({ differences: found }: NearBinding): TreeNode[] =>
  found.map(({ part, asked, held }) => ({
    text: `${part}: asked for ${asked === '' ? '(none)' : asked}, the binding has ${either(held, 'and')}`,
  }));

function admission({ admission: door }: DecisionRecord): TreeNode[] {
  if (!door?.length) return [];
  const denied = door.some(({ outcome }) => outcome === 'denied');
  return [
    {
      text: `admission: ${denied ? 'refused' : 'accepted'}`,
      mark: denied ? 'bad' : 'good',
      children: door.map(({ by, phase, outcome, code, facts }) => ({
        text: `${by} (${phase}): ${outcome}, ${code}${factsText(facts)}`,
        mark: outcome === 'denied' ? 'bad' : 'good',
        ...(outcome === 'denied' ? { children: [{ text: admissionText(code, facts) }] } : {}),
      })),
    },
  ];
}

const explanation = ({ what, fix, commands }: Explanation): TreeNode => ({
  text: `why: ${what}`,
  mark: 'bad',
  children: [
    { text: commands?.length ? 'fix: to allow it, run what stands below' : `fix: ${fix}`, mark: 'hint' },
  ],
});

const MAX_FACT = 200;

function factsText(facts: Facts): string {
  const texts = Object.entries(facts).map(([name, value]) => `${name}=${factText(name, value)}`);
  return texts.length ? `; ${texts.join(', ')}` : '';
}

/** Facts that are times. */
const TIMES: ReadonlySet<string> = new Set(['notAfter', 'notBefore', 'now', 'expiry']);
/** Milliseconds since 1970 are above this, seconds below, for times of our age. */
const MILLISECONDS_FROM = 1e11;

function factText(name: string, value: unknown): string {
  if (typeof value === 'number' && TIMES.has(name)) {
    const date = new Date(value < MILLISECONDS_FROM ? value * 1000 : value);
    if (!Number.isNaN(date.getTime())) return date.toISOString();
  }
  const text = typeof value === 'string' && /^[^\s,=]+$/.test(value) ? value : (JSON.stringify(value) ?? '-');
  return text.length > MAX_FACT ? `${text.slice(0, MAX_FACT)}...` : text;
}
