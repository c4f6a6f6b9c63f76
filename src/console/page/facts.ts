import type { Facts } from '../../explain/verdict.ts';
import { h } from './dom.ts';
import { day, moment } from './times.ts';

/** Facts that are times, in milliseconds or seconds since 1970. */
const TIMES: ReadonlySet<string> = new Set(['notAfter', 'notBefore', 'now', 'expiry', 'issuedAt']);
const MILLISECONDS_FROM = 1e11;
const MAX_LENGTH = 2000;

/** What a verdict rests on, as names and values; nothing where there are none. */
export function factList(facts: Facts): HTMLElement | null {
  const entries = Object.entries(facts);
  if (entries.length === 0) return null;
  return h(
    'dl',
    { class: 'facts' },
    entries.map(([name, value]) =>
      h('div', null, h('dt', null, name), h('dd', null, factValue(name, value))),
    ),
  );
}

function factValue(name: string, value: unknown): HTMLElement {
  if (typeof value === 'number' && TIMES.has(name)) {
    const ms = value < MILLISECONDS_FROM ? value * 1000 : value;
    return moment(ms, day(ms));
  }
  const text = factText(value);
  return h('span', { class: 'mono wrap' }, text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
}

/** `RoleBinding dev/readers` for what names an object; JSON for what has no better form. */
export function factText(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '(empty)' : value;
  if (Array.isArray(value)) return value.length ? value.map(factText).join(', ') : '(none)';
  if (typeof value === 'object' && value !== null) {
    const { kind, namespace, name, ...rest } = value as Record<string, unknown>;
    const others = Object.keys(rest).filter((key) => key !== 'apiGroup');
    if (typeof kind === 'string' && typeof name === 'string' && others.length === 0)
      return `${kind} ${namespace ? `${String(namespace)}/` : ''}${name}`;
  }
  return JSON.stringify(value) ?? '–';
}
