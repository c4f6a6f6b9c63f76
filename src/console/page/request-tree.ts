import { askedRight, missingRight } from '../../explain/explanation.ts';
import { either } from '../../explain/fixes/phrases.ts';
import { type NearBinding, nearMissText } from '../../explain/near-miss.ts';
import type { ExplainedDecision } from '../../explain/tree.ts';
import type { Facts } from '../../explain/verdict.ts';
import { admissionText } from '../../explain/words/admission-text.ts';
import { refusalWords } from '../../explain/words/authentication.ts';
import { authorizationWords } from '../../explain/words/authorization.ts';
import type { UserInfo } from '../../meta/user.ts';
import { codeBlock } from './copy.ts';
import { h } from './dom.ts';
import { factList } from './facts.ts';
import { icon } from './icons.ts';
import { DOORS, type Door, PASSINGS, type Passing, passageOf } from './passage.ts';
import { took } from './times.ts';

/** Why a request was turned away, and what would make it work, first of all. */
export function remedies({ explanations = [], whyNot }: ExplainedDecision): HTMLElement[] {
  return explanations.map(({ what, fix, code }, i) => {
    const { words, command } = splitFix(fix);
    return h(
      'section',
      { class: 'card remedy' },
      h('h2', null, i ? 'And' : 'Why'),
      h('p', { class: 'why' }, what, ' ', h('code', { class: 'chip' }, code)),
      h('h2', null, 'What would help'),
      words ? h('p', null, sentence(words)) : null,
      command ? codeBlock(command, 'Command that would help') : null,
      i === 0 && whyNot?.manifest
        ? h(
            'details',
            null,
            h('summary', null, 'The same as a manifest, for kubectl apply'),
            codeBlock(whyNot.manifest, 'Manifest that would help'),
          )
        : null,
    );
  });
}

/** A remedy names its command behind a colon: `to allow: kubectl …`. */
export function splitFix(fix: string): { words: string; command?: string } {
  const at = fix.search(/(?:^|: )(?:kubectl|sallyport|kubeadm|openssl) /);
  if (at < 0) return { words: fix };
  const start = fix.startsWith(': ', at) ? at + 2 : at;
  return {
    words: fix.slice(0, start).trim(),
    command: fix.slice(start).replaceAll(' && kubectl', ' &&\n  kubectl'),
  };
}

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const TITLES: Readonly<Record<Door, string>> = {
  authentication: 'Authentication',
  impersonation: 'Impersonation',
  authorization: 'Authorization',
  admission: 'Admission',
  store: 'Store',
};

/** The doors from top to bottom: who was asked at each, what he said, on what grounds, and how long it took. */
export function decisionTree(decision: ExplainedDecision): HTMLElement {
  const passage = passageOf(decision);
  const inside: Readonly<Record<Door, () => (HTMLElement | null)[]>> = {
    authentication: () => authentication(decision),
    impersonation: () => impersonation(decision),
    authorization: () => authorization(decision),
    admission: () => admission(decision),
    store: () => store(decision, passage.store),
  };
  return h(
    'section',
    { class: 'tree', 'aria-label': 'The way through the doors' },
    DOORS.map((door) => {
      const passing = passage[door];
      const micros = door === 'admission' || door === 'store' ? undefined : decision[door]?.micros;
      return h(
        'article',
        { class: `tree-door ${passing}` },
        h('span', { class: 'tree-mark' }, icon(passing)),
        h(
          'h2',
          null,
          TITLES[door],
          h('span', { class: `passing ${passing}` }, PASSINGS[passing]),
          micros === undefined ? null : h('span', { class: 'hint mono' }, took(micros)),
        ),
        passing === 'unreached' || passing === 'skipped' ? null : inside[door](),
      );
    }),
  );
}

/** One who was asked: his name, what he said, the code and words for it, and the facts. */
function asked(
  by: string,
  shape: string,
  said: string,
  code: string,
  facts: Facts,
  words: string | undefined,
  ...more: (HTMLElement | null)[]
): HTMLElement {
  return h(
    'div',
    { class: `asked ${shape}` },
    h(
      'p',
      { class: 'asked-head' },
      icon(shape),
      h('strong', null, by),
      h('span', null, said),
      h('code', { class: 'chip' }, code),
    ),
    words ? h('p', { class: 'asked-words' }, words) : null,
    more,
    factList(facts),
  );
}

const SAID = {
  authenticated: ['allowed', 'knows the caller'],
  notMine: ['skipped', 'is not concerned'],
  refused: ['refused', 'refuses'],
} as const;

const HARMLESS = ['opinion', 'does not take it, another does'] as const;

function authentication({ authentication: door }: ExplainedDecision): HTMLElement[] {
  if (!door) return [];
  return [
    userLine(door.user),
    ...door.asked.map((verdict) => {
      // A front proxy's authenticator refuses every ordinary client certificate: it does no harm to who is known.
      const harmless = verdict.verdict === 'refused' && door.user !== undefined;
      const [shape, said] = harmless ? HARMLESS : SAID[verdict.verdict];
      const words = verdict.verdict === 'refused' ? refusalWords(verdict) : undefined;
      return asked(verdict.by, shape, said, verdict.code, verdict.facts, words);
    }),
  ];
}

function userLine(user: UserInfo | undefined): HTMLElement {
  if (!user) return h('p', { class: 'tree-result' }, 'Nobody knows the caller.');
  return h(
    'div',
    { class: 'tree-result' },
    h(
      'p',
      null,
      h('strong', { class: 'wrap' }, user.name),
      user.uid ? h('span', { class: 'hint' }, ` uid ${user.uid}`) : null,
    ),
    user.groups.length
      ? h(
          'ul',
          { class: 'groups', 'aria-label': 'Groups' },
          user.groups.map((group) => h('li', { class: 'chip' }, group)),
        )
      : null,
  );
}

function impersonation({ impersonation: door }: ExplainedDecision): HTMLElement[] {
  if (!door) return [];
  if (door.refused !== undefined) return [h('p', { class: 'tree-result' }, door.refused)];
  return [
    h('p', { class: 'hint' }, `The request goes on as${door.constraint ? ` (by ${door.constraint})` : ''}`),
    userLine(door.user),
  ];
}

const DECISIONS = {
  allow: ['allowed', 'allows'],
  deny: ['refused', 'denies'],
  noOpinion: ['opinion', 'has no opinion'],
} as const;

function authorization(decision: ExplainedDecision): HTMLElement[] {
  return (decision.authorization?.asked ?? []).map(({ by, code, decision: said, facts, error }) => {
    const [shape, words] = DECISIONS[said];
    const near = code === 'RBAC_NO_RULE' ? nearMisses(decision) : [];
    const why = [authorizationWords[code]?.(facts), error].filter(Boolean).join(' ');
    return asked(by, shape, words, code, facts, why, ...near);
  });
}

function nearMisses(decision: ExplainedDecision): HTMLElement[] {
  const right = missingRight(decision) ?? askedRight(decision);
  const misses = decision.whyNot?.nearMisses ?? [];
  if (!right || misses.length === 0) return [];
  return misses.map((miss) =>
    h(
      'div',
      { class: 'near' },
      h('p', null, icon('near'), h('span', null, h('strong', null, 'Nearly: '), nearMissText(miss, right))),
      differences(miss),
    ),
  );
}

function differences({ differences: found }: NearBinding): HTMLElement | null {
  if (found.length === 0) return null;
  return h(
    'table',
    { class: 'differences' },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        ['', 'asked for', 'the binding has'].map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h(
      'tbody',
      null,
      found.map(({ part, asked: wanted, held }) =>
        h(
          'tr',
          null,
          h('th', { scope: 'row' }, part),
          h('td', { class: 'mono' }, wanted === '' ? '(none)' : wanted),
          h('td', { class: 'mono' }, either(held, 'and')),
        ),
      ),
    ),
  );
}

const OUTCOME = {
  accepted: ['allowed', 'accepts'],
  changed: ['allowed', 'accepts, with changes'],
  denied: ['refused', 'denies'],
} as const;

function admission({ admission: door = [] }: ExplainedDecision): HTMLElement[] {
  return door.map(({ by, phase, outcome, code, facts }) => {
    const [shape, said] = OUTCOME[outcome];
    const words = outcome === 'denied' ? admissionText(code, facts) : undefined;
    return asked(
      `${by} (${phase === 'mutate' ? 'mutating' : 'validating'})`,
      shape,
      said,
      code,
      facts,
      words,
    );
  });
}

const STORE: Readonly<Partial<Record<Passing, string>>> = {
  allowed: 'The request was carried out.',
  failed:
    'The doors let it in; the answer was an error all the same, such as for an object that is not there or not valid.',
  running: 'The request goes on.',
};

const store = ({ status }: ExplainedDecision, passing: Passing): HTMLElement[] => [
  h(
    'p',
    { class: 'tree-result' },
    STORE[passing] ?? '',
    status === undefined ? '' : ` Answered with HTTP ${status}.`,
  ),
];
