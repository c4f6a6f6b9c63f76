import type { DecisionRecord } from '../../explain/record.ts';
import type { DoorsFacts } from '../console.ts';
import { fill, h } from './dom.ts';
import { doorsPicture } from './doors-picture.ts';
import { EVERYTHING, type Filter, isFiltered, matches } from './filter.ts';
import { filterBar } from './filter-bar.ts';
import { icon } from './icons.ts';
import { missingRights } from './missing-rights.ts';
import { RequestList } from './request-list.ts';
import { rove } from './shortcuts.ts';
import type { Context, View } from './view.ts';

const STATES = {
  connecting: ['running', 'connecting'],
  live: ['allowed', 'live'],
  lost: ['failed', 'the server does not answer; trying again'],
  denied: ['refused', 'not allowed'],
} as const;

/** The doors in a row, and the requests that pass them while one looks. */
export function doorsView(context: Context): View {
  const { records } = context;
  const change = (part: Partial<Filter>): void => {
    context.filter = { ...context.filter, ...part };
    filters.show(context.filter);
    show();
  };
  const picture = doorsPicture((door) => change({ door: context.filter.door === door ? '' : door }));
  const filters = filterBar(context.filter, change);
  const list = new RequestList();
  const state = h('span', { class: 'state', role: 'status' });
  const count = h('span', { class: 'hint' });
  const empty = h('div', { class: 'empty' });
  const pause = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: turnPause });
  /** What was there when the list was paused. */
  let held: readonly DecisionRecord[] | undefined = context.paused ? [...records.items] : undefined;

  function turnPause(): void {
    context.paused = !context.paused;
    held = context.paused ? [...records.items] : undefined;
    show();
  }

  const content = h(
    'div',
    { class: 'doors-content' },
    filters.element,
    h(
      'div',
      { class: 'list-head' },
      h('h2', null, 'Requests'),
      state,
      count,
      h('span', { class: 'grow' }),
      pause,
    ),
    list.element,
    empty,
  );
  const element = h(
    'div',
    { class: 'doors-view' },
    h('h1', { class: 'visually-hidden' }, 'The doors'),
    picture.element,
    content,
  );

  function show(): void {
    const { filter, paused } = context;
    if (records.connection === 'denied' && records.fault) {
      picture.element.hidden = true;
      fill(
        content,
        missingRights(context.session, records.fault, 'requests and what the doors said of them'),
      );
      return;
    }
    const shown = (held ?? records.items).filter((record) => matches(record, filter));
    const inPicture = shown.filter((record) => record.status !== undefined);
    picture.count(inPicture, filter.door);
    list.show(shown);
    const [shape, words] = STATES[records.connection];
    state.className = `state ${paused ? 'paused' : records.connection}`;
    fill(state, icon(paused ? 'pause' : shape), paused ? pausedText() : words);
    fill(count, shown.length === 1 ? '1 request' : `${shown.length} requests`);
    fill(pause, icon(paused ? 'play' : 'pause'), paused ? 'Go on' : 'Pause');
    pause.setAttribute('aria-pressed', String(paused));
    empty.hidden = shown.length > 0;
    if (shown.length === 0)
      fill(
        empty,
        emptyWords(context, () => change({ ...EVERYTHING, ours: filter.ours })),
      );
  }

  function pausedText(): string {
    const since = held?.[0]?.at ?? 0;
    const missed = records.items.filter(
      (record) => record.at > since && matches(record, context.filter),
    ).length;
    return missed ? `paused, ${missed} came since` : 'paused';
  }

  const stops = [
    records.onChange(show),
    records.onArrival((record) => {
      if (!context.paused && matches(record, context.filter)) picture.walk(record);
    }),
  ];
  picture.tell({}, false);
  tellDoors(context, picture.tell);
  show();

  return {
    title: 'Doors',
    element,
    key(key) {
      if (key === 'p' || key === ' ') turnPause();
      else if (key === '/') filters.focus();
      else if (key === 'x') change({ ...EVERYTHING, ours: context.filter.ours });
      else return rove(list.list, key);
      return true;
    },
    dispose: () => {
      for (const stop of stops) stop();
    },
  };
}

/** What the server says of its doors, where the caller may know; the picture stands without it too. */
function tellDoors({ session }: Context, tell: ReturnType<typeof doorsPicture>['tell']): void {
  session.api.get<DoorsFacts>('/sallyport/v1/console').then(
    ({ authorizers, admission, audit, store }) =>
      tell(
        {
          authorization: authorizers.join(', '),
          admission: `${admission.length} plugins`,
          store: store === 'etcd' ? 'etcd' : 'embedded',
        },
        audit,
      ),
    () => {},
  );
}

function emptyWords({ filter, records }: Context, clear: () => void): HTMLElement {
  if (records.connection === 'connecting') return h('p', null, 'Asking the server for its last requests…');
  if (isFiltered(filter))
    return h(
      'p',
      null,
      'No request of those kept fits the filter. ',
      h('button', { type: 'button', class: 'button', onclick: clear }, 'Clear the filter'),
    );
  return h(
    'p',
    null,
    'No request has come yet. Ask the server something, such as ',
    h('code', null, 'kubectl get namespaces'),
    ', and see it pass here.',
  );
}
