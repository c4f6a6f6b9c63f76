import type { DecisionRecord } from '../../explain/record.ts';
import { fill, h } from './dom.ts';
import { icon } from './icons.ts';
import { DOORS, type Door, outcomeOf, passageOf, refusalOf } from './passage.ts';

const TITLES: Readonly<Record<Door, readonly [title: string, question: string]>> = {
  authentication: ['Authentication', 'Who are you?'],
  impersonation: ['Impersonation', 'As whom?'],
  authorization: ['Authorization', 'May you do that?'],
  admission: ['Admission', 'Is it acceptable?'],
  store: ['Store', 'Kept, or read'],
};

/** So many requests are shown on their way at a time: more would be a flicker. */
const MAX_WALKERS = 14;
const STEP_MS = 260;

export interface DoorsPicture {
  element: HTMLElement;
  /** Counts the requests that are shown. */
  count(records: readonly DecisionRecord[], chosen: Door | ''): void;
  /** Shows one on its way, where movement is wanted. */
  walk(record: DecisionRecord): void;
  /** What stands behind the doors of this server. */
  tell(details: Partial<Record<Door, string>>, audit: boolean): void;
}

/** The doors in a row, how many passed each, and requests on their way. `choose` is told of a door that is picked. */
export function doorsPicture(choose: (door: Door) => void): DoorsPicture {
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const lane = h(
    'div',
    { class: 'lane', 'aria-hidden': 'true' },
    h('div', { class: 'lane-line' }),
    h(
      'div',
      { class: 'lane-gates' },
      DOORS.map(() => h('span')),
    ),
  );
  const parts = DOORS.map((door) => {
    const [title, question] = TITLES[door];
    const passed = h('span', { class: 'count allowed' });
    const refused = h('span', { class: 'count refused' });
    const last = h('span', { class: 'door-last' });
    const detail = h('span', { class: 'door-detail' });
    const button = h(
      'button',
      { type: 'button', class: 'door', 'aria-pressed': 'false', onclick: () => choose(door) },
      h('span', { class: 'door-title' }, title),
      h('span', { class: 'door-question' }, question),
      h('span', { class: 'door-counts' }, passed, refused),
      last,
      detail,
    );
    return { door, passed, refused, last, detail, button };
  });
  const audit = h('p', { class: 'audit' });
  const element = h(
    'section',
    { class: 'doors', 'aria-label': 'The doors' },
    lane,
    h(
      'ol',
      { class: 'door-row' },
      parts.map(({ button }) => h('li', null, button)),
    ),
    audit,
  );

  return {
    element,
    count(records, chosen) {
      const counts = new Map(DOORS.map((door) => [door, { passed: 0, refused: 0, last: '' }]));
      for (const record of records) {
        const passage = passageOf(record);
        for (const door of DOORS) {
          const count = counts.get(door)!;
          if (passage[door] === 'allowed') count.passed++;
          // The store turns nobody away: what it cannot do is an answer too.
          else if (passage[door] === 'refused' || (door === 'store' && passage[door] === 'failed')) {
            count.refused++;
            count.last ||= refusalOf(record)?.code ?? `HTTP ${record.status ?? '–'}`;
          }
        }
      }
      for (const { door, passed, refused, last, button } of parts) {
        const count = counts.get(door)!;
        const no = door === 'store' ? 'answered with an error' : 'turned away';
        fill(
          passed,
          icon('allowed'),
          h('span', null, count.passed),
          h('span', { class: 'visually-hidden' }, ' passed,'),
        );
        fill(
          refused,
          icon(door === 'store' ? 'failed' : 'refused'),
          h('span', null, count.refused),
          h('span', { class: 'visually-hidden' }, ` ${no}`),
        );
        refused.classList.toggle('none', count.refused === 0);
        fill(last, count.last ? h('code', { title: `the last: ${count.last}` }, count.last) : '');
        button.setAttribute('aria-pressed', String(door === chosen));
        button.disabled = door === 'store';
      }
    },
    walk(record) {
      if (still.matches || document.hidden || lane.childElementCount > MAX_WALKERS + 1) return;
      const outcome = outcomeOf(record);
      const refusal = refusalOf(record);
      const end = refusal ? DOORS.indexOf(refusal.door) : DOORS.length - 1;
      const walker = h('span', { class: `walker ${outcome}` }, icon(outcome));
      lane.append(walker);
      const to = `${((end + 0.5) / DOORS.length) * 100}%`;
      const walk = walker.animate(
        [
          { left: '0%', opacity: 0, offset: 0 },
          { opacity: 1, offset: 0.12 },
          { left: to, opacity: 1, offset: 0.75 },
          { left: to, opacity: refusal ? 1 : 0.5, offset: 0.88 },
          { left: to, opacity: 0, offset: 1 },
        ],
        { duration: 700 + (end + 1) * STEP_MS, easing: 'cubic-bezier(.35,0,.25,1)' },
      );
      walk.onfinish = () => walker.remove();
      walk.oncancel = () => walker.remove();
    },
    tell(details, isAudited) {
      for (const { door, detail } of parts) detail.textContent = details[door] ?? '';
      fill(
        audit,
        h('span', { class: 'audit-name' }, 'Audit'),
        h(
          'span',
          null,
          isAudited
            ? 'watches beside the doors, from when the caller is known to when the answer is out'
            : 'is off: no --audit-policy-file is given, and nothing is written of what passes',
        ),
      );
    },
  };
}
