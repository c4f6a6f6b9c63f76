import type { MatrixRow, Way } from '../who-can-path.ts';
import { ApiError } from './api.ts';
import { fill, h } from './dom.ts';
import { icon } from './icons.ts';
import { missingRights } from './missing-rights.ts';
import type { Context, View } from './view.ts';

const PATH = '/sallyport/v1/who-can';

interface Choices {
  namespaces: string[];
  resources: { group: string; resource: string; namespaced: boolean }[];
}
interface Matrix {
  verbs: string[];
  subjects: MatrixRow[];
}

/** Who may do what with a resource in a namespace: subjects by verbs, each cell with the bindings that give it. */
export function whoCanView({ session }: Context): View {
  const namespace = h('select', { id: 'wc-namespace', onchange: ask });
  const resource = h('input', {
    id: 'wc-resource',
    list: 'wc-resources',
    value: 'pods',
    autocomplete: 'off',
    spellcheck: 'false',
    onchange: ask,
  });
  const options = h('datalist', { id: 'wc-resources' });
  const place = h('div');
  const system = h('input', { id: 'wc-system', type: 'checkbox', onchange: show });
  const element = h(
    'div',
    { class: 'page' },
    h('h1', null, 'Who can'),
    h(
      'p',
      { class: 'lead' },
      'Everybody whom RBAC lets do something with a resource. Choose a cell for the bindings behind it.',
    ),
    h(
      'search',
      { class: 'filters' },
      h('div', { class: 'field' }, h('label', { for: 'wc-namespace' }, 'Namespace'), namespace),
      h('div', { class: 'field wide' }, h('label', { for: 'wc-resource' }, 'Resource'), resource, options),
      h('label', { class: 'check' }, system, "the system's own"),
    ),
    place,
  );
  const fail = (error: unknown): void =>
    fill(
      place,
      error instanceof ApiError && error.status === 403
        ? missingRights(session, error, 'who may do what')
        : h(
            'p',
            { class: 'notice failed', role: 'alert' },
            icon('failed'),
            h('span', null, (error as Error).message),
          ),
    );
  let choices: Choices = { namespaces: [], resources: [] };
  let turn = 0;
  let shown: { matrix: Matrix; what: string; where: string } | undefined;

  function show(): void {
    if (shown) fill(place, matrixTable(shown.matrix, shown.what, shown.where, system.checked));
  }

  async function start(): Promise<void> {
    try {
      choices = await session.api.get<Choices>(PATH);
    } catch (error) {
      fail(error);
      return;
    }
    fill(
      namespace,
      choices.namespaces.map((name) => h('option', { value: name, selected: name === 'default' }, name)),
      h('option', { value: '' }, '(the whole cluster)'),
    );
    fill(
      options,
      choices.resources.map((one) => h('option', { value: nameOf(one) })),
    );
    await ask();
  }

  async function ask(): Promise<void> {
    const mine = ++turn;
    shown = undefined;
    const typed = resource.value.trim();
    const [named = '', subresource = ''] = typed.split('/', 2);
    const known = choices.resources.find((one) => nameOf(one) === named || one.resource === named);
    if (!known) {
      fill(
        place,
        h(
          'p',
          { class: 'empty', role: 'status' },
          typed
            ? `This server has no resource ${typed}.`
            : 'Name a resource, such as pods or deployments.apps.',
        ),
      );
      return;
    }
    namespace.disabled = !known.namespaced;
    const where = known.namespaced ? namespace.value : '';
    const query = new URLSearchParams({
      resource: known.resource,
      group: known.group,
      subresource,
      namespace: where,
    });
    fill(place, h('p', { class: 'loading', role: 'status' }, 'Loading…'));
    try {
      const matrix = await session.api.get<Matrix>(`${PATH}?${query}`);
      if (mine !== turn) return;
      shown = { matrix, what: typed, where };
      show();
    } catch (error) {
      if (mine === turn) fail(error);
    }
  }
  void start();
  return {
    title: 'Who can',
    element,
    key: (key) => {
      if (key !== '/') return false;
      resource.focus();
      return true;
    },
  };
}

const nameOf = ({ group, resource }: { group: string; resource: string }): string =>
  group ? `${resource}.${group}` : resource;

/** Components of the control plane and its controllers; groups that ordinary users are in are not among them. */
function isSystems({ kind, name, namespace }: MatrixRow): boolean {
  if (kind === 'ServiceAccount') return namespace === 'kube-system';
  return (
    name.startsWith('system:') && !/^system:(?:(?:un)?authenticated|anonymous|serviceaccounts)/.test(name)
  );
}

function matrixTable(
  { verbs, subjects: all }: Matrix,
  what: string,
  where: string,
  withSystems: boolean,
): HTMLElement {
  const subjects = withSystems ? all : all.filter((row) => !isSystems(row));
  const hidden = all.length - subjects.length;
  const detail = h('div', { class: 'ways', role: 'status' });
  const scope = where ? `in ${where}` : 'in the whole cluster';
  const masters = h(
    'p',
    { class: 'hint' },
    `Besides: members of system:masters, whom no rule holds${hidden ? `, and ${hidden} of the system's own users and controllers` : ''}.`,
  );
  if (subjects.length === 0)
    return h(
      'div',
      null,
      h(
        'p',
        { class: 'empty' },
        `RBAC lets nobody${hidden ? " but the system's own" : ''} do anything with ${what} ${scope}.`,
      ),
      masters,
    );
  let chosen: HTMLElement | undefined;
  const cell = (row: MatrixRow, verb: string): HTMLElement => {
    const ways = row.verbs[verb];
    if (!ways) return h('td', { class: 'no' }, h('span', { class: 'visually-hidden' }, 'no'));
    const button = h(
      'button',
      {
        type: 'button',
        class: 'cell',
        tabindex: '-1',
        'aria-label': `${subjectText(row)} may ${verb} ${what}`,
        'aria-pressed': 'false',
        onclick: () => {
          chosen?.setAttribute('aria-pressed', 'false');
          chosen = button;
          button.setAttribute('aria-pressed', 'true');
          fill(detail, waysList(`${subjectText(row)} may ${verb} ${what} ${scope} by`, ways));
        },
      },
      icon('allowed'),
    );
    return h('td', null, button);
  };
  const table = h(
    'table',
    { class: 'matrix', onkeydown: (event: KeyboardEvent) => moveInMatrix(table, event) },
    h('caption', { class: 'visually-hidden' }, `Who may do what with ${what} ${scope}`),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('th', { scope: 'col' }, 'Subject'),
        verbs.map((verb) => h('th', { scope: 'col', class: 'verb' }, h('span', null, verb))),
      ),
    ),
    h(
      'tbody',
      null,
      subjects.map((row) =>
        h(
          'tr',
          null,
          h(
            'th',
            { scope: 'row' },
            h('span', { class: 'hint' }, row.kind),
            ' ',
            h('span', { class: 'wrap' }, row.namespace ? `${row.namespace}/${row.name}` : row.name),
          ),
          verbs.map((verb) => cell(row, verb)),
        ),
      ),
    ),
  );
  table.querySelector('button')?.setAttribute('tabindex', '0');
  return h('div', null, h('div', { class: 'scroll' }, table), detail, masters);
}

const subjectText = ({ kind, name, namespace }: MatrixRow): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`;

function waysList(title: string, ways: readonly Way[]): HTMLElement {
  return h(
    'section',
    { class: 'card' },
    h('h2', null, title),
    h(
      'ul',
      { class: 'plain' },
      ways.map(({ binding, role, rule }) =>
        h(
          'li',
          null,
          h(
            'strong',
            { class: 'wrap' },
            `${binding.kind} ${binding.namespace ? `${binding.namespace}/` : ''}${binding.name}`,
          ),
          ' gives ',
          h('strong', { class: 'wrap' }, `${role.kind} ${role.name}`),
          h('code', { class: 'block wrap small' }, ruleText(rule)),
        ),
      ),
    ),
  );
}

function ruleText({ verbs = [], apiGroups = [], resources = [], resourceNames = [] }: Way['rule']): string {
  const groups = apiGroups.map((group) => (group === '' ? 'core' : group)).join(', ');
  const names = resourceNames.length ? ` named ${resourceNames.join(', ')}` : '';
  return `${verbs.join(', ')} on ${resources.join(', ')} of ${groups}${names}`;
}

/** Arrow keys go from cell to cell, over those that are empty. */
function moveInMatrix(table: HTMLElement, event: KeyboardEvent): void {
  const from = (event.target as HTMLElement).closest('td');
  const row = from?.parentElement as HTMLTableRowElement | undefined;
  if (!from || !row) return;
  const column = from.cellIndex;
  const inColumn = [...table.querySelectorAll('tbody tr')].map(
    (one) => (one as HTMLTableRowElement).cells[column],
  );
  const line = event.key === 'ArrowLeft' || event.key === 'ArrowRight' ? [...row.cells] : inColumn;
  const buttons = line
    .map((cell) => cell?.querySelector('button'))
    .filter((button) => button !== null && button !== undefined);
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = buttons[buttons.indexOf(event.target as HTMLButtonElement) + step];
  if (!next) return;
  (event.target as HTMLElement).tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
