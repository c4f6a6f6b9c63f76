import { h } from './dom.ts';
import { EVERYTHING, type Filter } from './filter.ts';
import { OUTCOMES, type Outcome } from './passage.ts';

export interface FilterBar {
  element: HTMLElement;
  /** Shows a filter that was changed elsewhere. */
  show(filter: Filter): void;
  focus(): void;
}

/** Fields for who, what and how it ended. `changed` is called with each change. */
export function filterBar(filter: Filter, changed: (part: Partial<Filter>) => void): FilterBar {
  const what = h('input', {
    id: 'filter-what',
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'pods, delete, RBAC_NO_RULE, an Audit-Id…',
    oninput: () => changed({ what: what.value.trim() }),
  });
  const user = h('input', {
    id: 'filter-user',
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'name or group',
    oninput: () => changed({ user: user.value.trim() }),
  });
  const outcome = h(
    'select',
    { id: 'filter-outcome', onchange: () => changed({ outcome: outcome.value as Outcome | '' }) },
    h('option', { value: '' }, 'all'),
    Object.entries(OUTCOMES).map(([value, words]) => h('option', { value }, words)),
  );
  const ours = h('input', {
    id: 'filter-ours',
    type: 'checkbox',
    onchange: () => changed({ ours: ours.checked }),
  });
  const clear = h(
    'button',
    { type: 'button', class: 'button', onclick: () => changed({ ...EVERYTHING, ours: ours.checked }) },
    'Clear',
  );
  const show = (next: Filter): void => {
    if (what.value.trim() !== next.what) what.value = next.what;
    if (user.value.trim() !== next.user) user.value = next.user;
    outcome.value = next.outcome;
    ours.checked = next.ours;
    clear.disabled = !(next.what || next.user || next.outcome || next.door);
  };
  show(filter);
  const labelled = (label: string, id: string, field: HTMLElement, wide = false): HTMLElement =>
    h('div', { class: `field${wide ? ' wide' : ''}` }, h('label', { for: id }, label), field);
  return {
    element: h(
      'search',
      { class: 'filters', 'aria-label': 'Filter requests' },
      labelled('What', 'filter-what', what, true),
      labelled('User', 'filter-user', user),
      labelled('Verdict', 'filter-outcome', outcome),
      h('label', { class: 'check' }, ours, "the console's own"),
      clear,
    ),
    show,
    focus: () => what.focus(),
  };
}
