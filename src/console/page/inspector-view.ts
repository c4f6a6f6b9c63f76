import { fill, h } from './dom.ts';
import { icon } from './icons.ts';
import type { Finding, Inspection } from './inspect/finding.ts';
import { inspect, inspectBytes } from './inspect/inspect.ts';
import type { View } from './view.ts';

const MAX_BYTES = 1 << 20;
const SHAPES: Readonly<Record<Finding['level'], readonly [shape: string, word: string]>> = {
  bad: ['refused', 'Problem'],
  care: ['soon', 'Take care'],
  fine: ['allowed', 'Good'],
  note: ['opinion', 'Note'],
};

/** Looks at a token, certificate or kubeconfig without letting it out of the browser. */
export function inspectorView(): View {
  const result = h('div', { class: 'inspection-place', 'aria-live': 'polite' });
  const field = h('textarea', {
    id: 'pasted',
    class: 'mono',
    rows: '9',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: 'eyJhbGciOi…   or   -----BEGIN CERTIFICATE-----   or   apiVersion: v1, kind: Config …',
    oninput: () => look(() => inspect(field.value, Date.now())),
  });
  const file = h('input', {
    id: 'file',
    type: 'file',
    class: 'visually-hidden',
    onchange: () => void readFile(),
  });
  let turn = 0;

  function look(make: () => Promise<Inspection | undefined>): void {
    const mine = ++turn;
    make().then(
      (found) => {
        if (mine === turn) fill(result, found ? inspection(found, 2) : nothing());
      },
      (error: unknown) => {
        if (mine === turn)
          fill(
            result,
            h(
              'p',
              { class: 'notice failed', role: 'alert' },
              icon('failed'),
              h('span', null, `It cannot be read: ${(error as Error).message}.`),
            ),
          );
      },
    );
  }
  async function readFile(): Promise<void> {
    const chosen = file.files?.[0];
    if (!chosen) return;
    field.value = '';
    look(async () => {
      if (chosen.size > MAX_BYTES) throw new Error('it is larger than 1 MiB');
      return inspectBytes(new Uint8Array(await chosen.arrayBuffer()), Date.now());
    });
    file.value = '';
  }
  fill(result, nothing());
  const element = h(
    'div',
    { class: 'page inspector' },
    h('h1', null, 'Inspect'),
    h('p', { class: 'lead' }, 'What a token, certificate or kubeconfig is, and what is wrong with it.'),
    h(
      'p',
      { class: 'notice allowed' },
      icon('allowed'),
      h(
        'span',
        null,
        h('strong', null, 'It stays in this browser. '),
        'Nothing is sent or kept: what you paste is gone when you leave.',
      ),
    ),
    h(
      'div',
      { class: 'inspector-columns' },
      h(
        'div',
        null,
        h('label', { for: 'pasted' }, 'Paste it here'),
        field,
        h(
          'div',
          { class: 'row' },
          file,
          h('label', { for: 'file', class: 'button' }, 'Choose a file'),
          h(
            'button',
            {
              type: 'button',
              class: 'button',
              onclick: () => {
                field.value = '';
                turn++;
                fill(result, nothing());
                field.focus();
              },
            },
            'Clear',
          ),
        ),
      ),
      result,
    ),
  );
  return {
    title: 'Inspect',
    element,
    key: (key) => {
      if (key !== '/') return false;
      field.focus();
      return true;
    },
    dispose: () => {
      field.value = '';
    },
  };
}

const nothing = (): HTMLElement =>
  h(
    'ul',
    { class: 'empty plain' },
    h(
      'li',
      null,
      h('strong', null, 'Tokens: '),
      'claims and times, and whom Kubernetes takes the bearer for',
    ),
    h(
      'li',
      null,
      h('strong', null, 'Certificates: '),
      'user and groups, names, usages, key, end; PEM, DER or base64',
    ),
    h(
      'li',
      null,
      h('strong', null, 'Kubeconfigs: '),
      'clusters, users, what is missing, and which secrets are in it',
    ),
  );

function inspection({ title, findings, rows, user, parts }: Inspection, level: 2 | 3 | 4): HTMLElement {
  const below = level === 2 ? 3 : 4;
  return h(
    'section',
    { class: `inspection level-${level}` },
    h(`h${level}`, null, title),
    findings.length ? h('ul', { class: 'findings' }, findings.map(finding)) : null,
    user
      ? h(
          'div',
          { class: 'inspected-user' },
          h('p', { class: 'hint' }, 'Kubernetes takes its holder for'),
          h('p', null, h('strong', { class: 'wrap' }, user.name)),
          user.groups.length
            ? h(
                'ul',
                { class: 'groups', 'aria-label': 'Groups' },
                user.groups.map((group) => h('li', { class: 'chip' }, group)),
              )
            : null,
        )
      : null,
    rows.length
      ? h(
          'dl',
          { class: 'facts' },
          rows.map(([name, value]) =>
            h('div', null, h('dt', null, name), h('dd', { class: 'mono wrap' }, value)),
          ),
        )
      : null,
    parts.map((part) => inspection(part, below)),
  );
}

function finding({ level, text }: Finding): HTMLElement {
  const [shape, word] = SHAPES[level];
  return h(
    'li',
    { class: `finding ${level}` },
    icon(shape),
    h('span', null, h('span', { class: 'visually-hidden' }, `${word}: `), text),
  );
}
