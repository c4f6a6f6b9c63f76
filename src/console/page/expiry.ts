import { h } from './dom.ts';
import { icon } from './icons.ts';
import { fromNow, moment } from './times.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

export type Urgency = 'expired' | 'soon' | 'later' | 'never';
const SHAPES: Readonly<Record<Urgency, string>> = {
  expired: 'refused',
  soon: 'soon',
  later: 'allowed',
  never: 'skipped',
};

/** A certificate needs care a month before; a token, which lives for hours, when minutes are left. */
export function urgencyOf(expires: number | undefined, now: number, isToken: boolean): Urgency {
  if (expires === undefined) return 'never';
  if (expires <= now) return 'expired';
  return expires - now < (isToken ? 10 * MINUTE : 30 * DAY) ? 'soon' : 'later';
}

/** When something ends, with a shape and words for how near that is, and how much of its life is over where known. */
export function expiryCell(
  expires: number | undefined,
  now: number,
  { isToken = false, begins }: { isToken?: boolean; begins?: number } = {},
): HTMLElement {
  const urgency = urgencyOf(expires, now, isToken);
  if (expires === undefined)
    return h('span', { class: `expiry ${urgency}` }, icon(SHAPES[urgency]), h('span', null, 'does not say'));
  const word = urgency === 'expired' ? 'expired ' : urgency === 'soon' ? 'soon, ' : '';
  return h(
    'span',
    { class: `expiry ${urgency}` },
    icon(SHAPES[urgency]),
    h(
      'span',
      null,
      h('strong', null, `${word}${fromNow(expires, now)}`),
      h('br'),
      h('span', { class: 'hint' }, moment(expires)),
    ),
    begins === undefined ? null : lifeBar(begins, expires, now),
  );
}

function lifeBar(begins: number, expires: number, now: number): HTMLElement {
  const over = Math.min(1, Math.max(0, (now - begins) / (expires - begins)));
  const bar = h('progress', { class: 'life', max: '1', value: over, 'aria-label': 'life that is over' });
  bar.textContent = `${Math.round(over * 100)} %`;
  return bar;
}
