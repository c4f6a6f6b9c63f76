import { certificatesView } from './certificates-view.ts';
import { fill, h, liveRegion } from './dom.ts';
import { doorsView } from './doors-view.ts';
import { EVERYTHING } from './filter.ts';
import { icon } from './icons.ts';
import { identitiesView } from './identities-view.ts';
import { Records } from './records.ts';
import { requestView } from './request-view.ts';
import { type Session, signOut } from './session.ts';
import { helpDialog } from './shortcuts.ts';
import { nextTheme, theme, useTheme } from './theme.ts';
import { address, addressed, type Context, type View } from './view.ts';
import { whoCanView } from './who-can-view.ts';

const VIEWS: readonly { path: string; name: string; make(context: Context): View | Promise<View> }[] = [
  { path: '', name: 'Doors', make: doorsView },
  { path: 'identities', name: 'Identities', make: identitiesView },
  { path: 'certificates', name: 'Expiry', make: certificatesView },
  { path: 'who-can', name: 'Who can', make: whoCanView },
  {
    path: 'inspect',
    name: 'Inspect',
    // Loaded before anything is pasted: from then on nothing is asked of anybody.
    make: async () => (await import('./inspector-view.ts')).inspectorView(),
  },
];

const THEME_WORDS = { auto: "as the system's", light: 'light', dark: 'dark' } as const;

/** The frame around the views while somebody is signed in. Returns the way to take it down. */
export function shell(root: HTMLElement, session: Session, out: () => void): () => void {
  const context: Context = {
    session,
    records: new Records(session.api),
    filter: { ...EVERYTHING },
    paused: false,
  };
  const said = liveRegion();
  const place = h('main', { id: 'main', tabindex: '-1' });
  const links = VIEWS.map(({ path, name }, i) =>
    h('a', { href: path ? address(path) : '#/', 'aria-keyshortcuts': String(i + 1) }, name),
  );
  const help = helpDialog(VIEWS.map(({ name }) => name));
  const themeButton = h('button', { type: 'button', class: 'button icon-only', onclick: turnTheme });
  showTheme();

  let view: View | undefined;
  let turn = 0;
  async function route(): Promise<void> {
    const parts = addressed(location.hash);
    const mine = ++turn;
    const index = Math.max(
      0,
      VIEWS.findIndex(({ path }) => path === (parts[0] ?? '')),
    );
    links.forEach((link, i) => {
      if (i === index) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    });
    const made =
      parts[0] === 'requests' && parts[1] !== undefined
        ? requestView(context, parts[1])
        : VIEWS[index]!.make(context);
    if (made instanceof Promise) fill(place, h('p', { class: 'loading', role: 'status' }, 'Loading…'));
    let next: View;
    try {
      next = await made;
    } catch {
      fill(
        place,
        h(
          'p',
          { class: 'notice failed', role: 'alert' },
          icon('failed'),
          'This part of the page could not be loaded. Reload it.',
        ),
      );
      return;
    }
    if (mine !== turn) {
      next.dispose?.();
      return;
    }
    view?.dispose?.();
    const first = view === undefined;
    view = next;
    fill(place, next.element);
    document.title = `${next.title} · Sallyport`;
    said.textContent = next.title;
    if (!first) place.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  function turnTheme(): void {
    useTheme(nextTheme());
    showTheme();
  }
  function showTheme(): void {
    const now = theme();
    const words = `Colours: ${THEME_WORDS[now]}`;
    fill(themeButton, icon({ auto: 'auto', light: 'sun', dark: 'moon' }[now]));
    themeButton.setAttribute('aria-label', words);
    themeButton.setAttribute('title', `${words} (t)`);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (help.open) return;
    const target = event.target as HTMLElement;
    if (target.matches('input, textarea, select')) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    if (event.key === ' ' && target.matches('button, a, summary')) return;
    const nth = VIEWS[Number(event.key) - 1];
    if (nth) location.hash = nth.path ? address(nth.path) : '#/';
    else if (event.key === '?') help.showModal();
    else if (event.key === 't') turnTheme();
    else if (!view?.key?.(event.key)) return;
    event.preventDefault();
  }

  fill(
    root,
    h('a', { class: 'skip', href: '#main', onclick: skip }, 'To the content'),
    h(
      'header',
      { class: 'top' },
      h('a', { class: 'brand', href: '#/' }, icon('gate'), h('span', null, 'Sallyport')),
      h('nav', { 'aria-label': 'Views' }, links),
      h(
        'div',
        { class: 'top-end' },
        h('span', { class: 'me', title: meText(session) }, session.user.name),
        themeButton,
        h(
          'button',
          {
            type: 'button',
            class: 'button icon-only',
            'aria-label': 'Keyboard shortcuts',
            title: 'Keyboard shortcuts (?)',
            onclick: () => help.showModal(),
          },
          '?',
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            onclick: async () => {
              await signOut(session);
              out();
            },
          },
          'Sign out',
        ),
      ),
    ),
    place,
    said,
    help,
  );
  function skip(event: Event): void {
    event.preventDefault();
    place.focus();
  }
  addEventListener('hashchange', route);
  addEventListener('keydown', onKey);
  void route();
  void context.records.run();

  return () => {
    turn++;
    removeEventListener('hashchange', route);
    removeEventListener('keydown', onKey);
    context.records.stop();
    view?.dispose?.();
  };
}

const meText = ({ user, expires }: Session): string =>
  `${user.name} (${user.groups.join(', ')})${expires ? `\nthis session ends at ${expires}` : ''}`;
