import { h } from './dom.ts';

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['/'], 'to the filter'],
  [['j', '↓'], 'next in a list'],
  [['k', '↑'], 'the one before'],
  [['Home', 'End'], 'first and last in a list'],
  [['Enter'], 'open'],
  [['p', 'Space'], 'pause and go on'],
  [['x'], 'clear the filters'],
  [['[', ']'], 'newer and older request'],
  [['c'], 'copy the link to a request'],
  [['u', 'Esc'], 'back to the list'],
  [['t'], 'colours: as the system, light, dark'],
  [['?'], 'this list'],
];

/** What the keys do. Closed by Escape, as every dialog. */
export function helpDialog(views: readonly string[]): HTMLDialogElement {
  const rows = [...views.map((name, i) => [[String(i + 1)], name] as const), ...KEYS].flatMap(
    ([keys, what]) => [
      h(
        'dt',
        null,
        keys.map((key, i) => [i ? ' ' : '', h('kbd', null, key)]),
      ),
      h('dd', null, what),
    ],
  );
  const dialog = h(
    'dialog',
    {
      class: 'help',
      'aria-labelledby': 'help-title',
      onclick: (event: MouseEvent) => {
        if (event.target === dialog) dialog.close();
      },
    },
    h(
      'div',
      { class: 'help-inner' },
      h('h2', { id: 'help-title' }, 'Keyboard'),
      h('dl', { class: 'keys' }, rows),
      h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Close'),
    ),
  );
  return dialog;
}

/** Arrow keys, j and k, Home and End move the focus among the items of a list, one of which Tab reaches. */
export function rove(list: HTMLElement, key: string, selector = 'a'): boolean {
  const items = [...list.querySelectorAll<HTMLElement>(selector)];
  if (items.length === 0) return false;
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to =
    key === 'j' || key === 'ArrowDown'
      ? Math.min(at + 1, items.length - 1)
      : key === 'k' || key === 'ArrowUp'
        ? Math.max(at - 1, 0)
        : at >= 0 && key === 'Home'
          ? 0
          : at >= 0 && key === 'End'
            ? items.length - 1
            : -1;
  if (to < 0) return false;
  // Arrows scroll the page until somebody is in the list.
  if (at < 0 && key.startsWith('Arrow')) return false;
  for (const item of items) item.tabIndex = -1;
  const item = items[to]!;
  item.tabIndex = 0;
  item.focus();
  item.scrollIntoView({ block: 'nearest' });
  return true;
}
