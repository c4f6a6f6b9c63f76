import type { UserInfo } from '../meta/user.ts';
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

interface Node {
  text: string;
  children?: readonly Node[];
}

/** The way of a request through the doors, drawn as a tree; ends with a line break. */
export function decisionTree(decision: ExplainedDecision): string {
  const root: Node = {
    text: headline(decision),
    children: [
      ...(decision.id ? [{ text: origin(decision) }] : []),
      ...authentication(decision),
      ...impersonation(decision),
      ...authorization(decision),
      ...admission(decision),
      ...(decision.explanations ?? []).map(explanation),
    ],
  };
  const lines: string[] = [];
  draw(root, '', '', lines);
  return `${lines.join('\n')}\n`;
}

function draw({ text, children = [] }: Node, first: string, rest: string, lines: string[]): void {
  lines.push(first + printable(text));
  children.forEach((child, i) => {
    const isLast = i === children.length - 1;
    draw(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`, lines);
  });
}

/** Names and user agents are anybody's text: what steers a terminal is taken out. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
  text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');

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

const userText = (user: UserInfo): string => `${who(user)}${user.uid ? `, uid ${user.uid}` : ''}`;

function authentication({ authentication: door }: DecisionRecord): Node[] {
  if (!door) return [];
  const result = door.user ? userText(door.user) : 'nobody';
  return [
    {
      text: `authentication: ${result}${time(door.micros)}`,
      children: door.asked.map((verdict) => ({
        text: `${verdict.by}: ${VERDICTS[verdict.verdict]}, ${verdict.code}${factsText(verdict.facts)}`,
        ...(verdict.verdict === 'refused' ? { children: [{ text: refusalWords(verdict) }] } : {}),
      })),
    },
  ];
}

function impersonation({ impersonation: door }: DecisionRecord): Node[] {
  if (!door) return [];
  if (door.refused !== undefined)
    return [{ text: `impersonation: refused${time(door.micros)}`, children: [{ text: door.refused }] }];
  const how = door.constraint ? ` by ${door.constraint}` : '';
  return [
    { text: `impersonation: as ${door.user ? userText(door.user) : 'somebody'}${how}${time(door.micros)}` },
  ];
}

const DECISIONS: Readonly<Record<string, string>> = {
  allow: 'allowed',
  deny: 'denied',
  noOpinion: 'no opinion',
};

function authorization(decision: ExplainedDecision): Node[] {
  const { authorization: door } = decision;
  if (!door) return [];
  const result = door.decision === 'allow' ? 'allowed' : 'refused';
  return [
    {
      text: `authorization: ${result}${time(door.micros)}`,
      children: door.asked.map(({ by, code, decision: said, facts }) => ({
        text: `${by}: ${DECISIONS[said] ?? said}, ${code}${factsText(facts)}`,
        children: [
          { text: authorizationWords[code]?.(facts) ?? code },
          ...(code === 'RBAC_NO_RULE' ? nearMisses(decision) : []),
        ],
      })),
    },
  ];
}

function nearMisses(decision: ExplainedDecision): Node[] {
  const asked = missingRight(decision) ?? askedRight(decision);
  if (!asked) return [];
  return (decision.whyNot?.nearMisses ?? []).map((miss) => ({
    text: `nearly: ${nearMissText(miss, asked)}`,
    children: differences(miss),
  }));
}

const differences = ({ differences: found }: NearBinding): Node[] =>
  found.map(({ part, asked, held }) => ({
    text: `${part}: asked for ${asked === '' ? '(none)' : asked}, the binding has ${either(held, 'and')}`,
  }));

function admission({ admission: door }: DecisionRecord): Node[] {
  if (!door?.length) return [];
  const denied = door.some(({ outcome }) => outcome === 'denied');
  return [
    {
      text: `admission: ${denied ? 'refused' : 'accepted'}`,
      children: door.map(({ by, phase, outcome, code, facts }) => ({
        text: `${by} (${phase}): ${outcome}, ${code}${factsText(facts)}`,
        ...(outcome === 'denied' ? { children: [{ text: admissionText(code, facts) }] } : {}),
      })),
    },
  ];
}

const explanation = ({ what, fix }: Explanation): Node => ({
  text: `why: ${what}`,
  children: [{ text: `fix: ${fix}` }],
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
