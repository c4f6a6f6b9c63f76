import type { Check } from '../authentication/oidc/checks.ts';
import type { TracedStep } from '../authentication/oidc/mapping-trace.ts';
import { type Canvas, drawTree, type TreeNode } from '../explain/drawing.ts';
import type { UserInfo } from '../meta/user.ts';
import type { WorkbenchResult } from './oidc-workbench.ts';
import type { Place } from './yaml-places.ts';

/** Claims and values may be long. */
const MAX_VALUE = 300;
/** What verification itself looks at comes before these, which the steps show in full. */
const FIRST_MAPPING = 'user name';
/** `auth.yaml:7:15`, or the file alone. */
export const placeText = (path: string, place: Place | undefined): string =>
  place ? `${path}:${place.line}:${place.column}` : path;

/** What became of claims or a token at one issuer, as a tree. */
export function workbenchTree(path: string, result: WorkbenchResult, canvas: Canvas): string {
  const { issuer, taken, code, reason, explanation, signature, checks, steps, user } = result;
  const children: TreeNode[] = [
    {
      text: `signature: ${signature.checked ? '' : 'not checked, '}${signature.how}`,
      mark: signature.checked ? 'neutral' : 'hint',
    },
    ...verification(checks),
    ...steps.map((step) => stepNode(path, step)),
  ];
  if (user) children.push({ text: 'the user', mark: 'good', children: userLines(user) });
  if (reason !== undefined) children.push(refusal(reason, explanation));
  const text = `${issuer || 'the token'}: ${taken ? 'taken' : 'refused'}, ${code}`;
  return drawTree({ text, mark: taken ? 'good' : 'bad', children }, canvas);
}

function refusal(reason: string, explanation: WorkbenchResult['explanation']): TreeNode {
  const children: TreeNode[] = explanation
    ? [{ text: `why: ${explanation.what}` }, { text: `fix: ${explanation.fix}`, mark: 'hint' }]
    : [];
  return { text: `refused: ${reason}`, mark: 'bad', children };
}

function verification(checks: readonly Check[]): TreeNode[] {
  const end = checks.findIndex(({ name }) => name === FIRST_MAPPING);
  const own = checks.slice(0, end < 0 ? checks.length : end);
  const of = (wanted: Check['result']): string =>
    own
      .filter(({ result }) => result === wanted)
      .map(({ name }) => name)
      .join(', ');
  const nodes: TreeNode[] = [];
  if (of('passed')) nodes.push({ text: `good: ${of('passed')}`, mark: 'good' });
  if (of('failed')) nodes.push({ text: `failed: ${of('failed')}`, mark: 'bad' });
  if (of('not reached')) nodes.push({ text: `not reached: ${of('not reached')}`, mark: 'neutral' });
  return nodes;
}

const TITLES: Readonly<Record<TracedStep['of'], string>> = {
  username: 'user name',
  groups: 'groups',
  uid: 'uid',
  extra: 'extra',
  requiredClaim: 'required claim',
  claimRule: 'claim rule',
  userRule: 'user rule',
};

function stepNode(path: string, step: TracedStep & { place?: Place }): TreeNode {
  const { of, key, claim, wanted, expression, inputs, absent, value, cost, ok, error, place } = step;
  const title = `${TITLES[of]}${key ? ` ${key}` : ''}`;
  const result = value === undefined ? '' : `: ${shown(value)}`;
  const rule = wanted === undefined ? '' : `: ${claim} has to be ${shown(wanted)}`;
  const spent = cost === undefined ? '' : ` (cost ${cost})`;
  return {
    text: `${title}${rule}${result}${spent}, ${placeText(path, place)}`,
    mark: ok ? 'good' : 'bad',
    children: [
      ...(expression === undefined ? [] : [{ text: expression }]),
      ...Object.entries(inputs).map(([name, input]) => ({ text: `${name} is ${shown(input)}` })),
      ...absent.map((name) => ({
        text: `${name} is not there`,
        ...(claim === undefined ? {} : { mark: 'neutral' as const }),
      })),
      ...(error === undefined ? [] : [{ text: error, mark: 'bad' as const }]),
    ],
  };
}

function userLines({ name, uid, groups, extra = {} }: UserInfo): TreeNode[] {
  return [
    { text: `name: ${name}` },
    ...(uid ? [{ text: `uid: ${uid}` }] : []),
    { text: `groups: ${groups.join(', ') || 'none'}` },
    ...Object.entries(extra).map(([key, values]) => ({ text: `extra ${key}: ${values.join(', ')}` })),
  ];
}

function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)) ??
    'nothing';
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}...` : text;
}
