import { who } from '../../explain/fixes/phrases.ts';
import type { DecisionRecord } from '../../explain/record.ts';
import { fill, h } from './dom.ts';
import { icon } from './icons.ts';
import {
  callerOf,
  DOORS,
  OUTCOMES,
  outcomeOf,
  PASSINGS,
  passageOf,
  refusalOf,
  subjectOf,
} from './passage.ts';
import { clockTime, took } from './times.ts';
import { address } from './view.ts';

/** So many rows at first, and with each "more". */
const PAGE = 100;

/** Requests, newest first, each a link to its tree. Rows that stay are kept, and with them the focus. */
export class RequestList {
  readonly element: HTMLElement;
  readonly list: HTMLUListElement;
  readonly #more: HTMLButtonElement;
  readonly #rows = new WeakMap<DecisionRecord, HTMLLIElement>();
  #limit = PAGE;
  #records: readonly DecisionRecord[] = [];

  constructor() {
    this.list = h('ul', { class: 'requests', 'aria-label': 'Requests, newest first' });
    this.#more = h(
      'button',
      {
        type: 'button',
        class: 'button more',
        onclick: () => {
          this.#limit += PAGE;
          this.show(this.#records);
        },
      },
      'Show more',
    );
    this.element = h('div', null, this.list, this.#more);
  }

  show(records: readonly DecisionRecord[]): void {
    this.#records = records;
    const rows = records.slice(0, this.#limit).map((record) => {
      let row = this.#rows.get(record);
      if (!row) {
        row = requestRow(record);
        this.#rows.set(record, row);
      }
      return row;
    });
    place(this.list, rows);
    this.#more.hidden = records.length <= this.#limit;
    this.#more.textContent = `Show more (${records.length - this.#limit} left)`;
    // One of the list is reached by Tab.
    if (!this.list.querySelector('a[tabindex="0"]'))
      this.list.querySelector('a')?.setAttribute('tabindex', '0');
  }
}

/** Puts rows in order while those that are there already are not touched. */
function place(list: HTMLElement, rows: readonly HTMLElement[]): void {
  const wanted = new Set<Element>(rows);
  for (const there of [...list.children]) if (!wanted.has(there)) there.remove();
  let before: Element | null = list.firstElementChild;
  for (const row of rows) {
    if (row === before) before = before.nextElementSibling;
    else list.insertBefore(row, before);
  }
}

function requestRow(record: DecisionRecord): HTMLLIElement {
  const outcome = outcomeOf(record);
  const { verb, what } = subjectOf(record);
  const { user, by } = callerOf(record);
  const refusal = refusalOf(record);
  const caller = user ? who(user) : 'nobody known';
  return h(
    'li',
    null,
    h(
      'a',
      { class: `request-row ${outcome}`, href: address('requests', record.id), tabindex: '-1' },
      h('span', { class: 'row-time mono' }, clockTime(record.at)),
      h('span', { class: `verdict ${outcome}` }, icon(outcome), OUTCOMES[outcome]),
      h(
        'span',
        { class: 'row-what' },
        h('strong', null, verb),
        ' ',
        h('span', { title: what }, what),
        refusal ? h('code', { class: 'row-code' }, refusal.code) : null,
      ),
      h(
        'span',
        { class: 'row-who', title: caller },
        user ? user.name : h('em', null, 'nobody known'),
        by ? h('span', { class: 'by' }, ` by ${by.name}`) : null,
      ),
      marks(record),
      h('span', { class: 'row-status mono' }, record.status ?? '–'),
      h('span', { class: 'row-took mono' }, record.micros === undefined ? '' : took(record.micros)),
    ),
  );
}

/** The five doors as five small marks. */
function marks(record: DecisionRecord): HTMLElement {
  const passage = passageOf(record);
  const words = DOORS.map((door) => `${door} ${PASSINGS[passage[door]]}`).join(', ');
  const element = h('span', { class: 'marks', role: 'img', 'aria-label': words, title: words });
  fill(
    element,
    DOORS.map((door) => h('span', { class: `mark ${passage[door]}` }, icon(passage[door]))),
  );
  return element;
}
