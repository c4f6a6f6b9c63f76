import { span } from '../../explain/fixes/phrases.ts';
import { h } from './dom.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** The clock of who looks: `14:03:22.560`. */
export function clockTime(ms: number): string {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}`;
}

/** A moment for people, with the exact one for machines and on hover. */
export function moment(ms: number, text = day(ms)): HTMLElement {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return h('span', null, 'at no time that can be read');
  const iso = date.toISOString();
  return h('time', { datetime: iso, title: iso }, text);
}

export function day(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '?' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const YEAR = 365 * 86_400_000;

/** `3 days`, and years where there are more than two of them. */
export const length = (ms: number): string =>
  Math.abs(ms) < 2 * YEAR ? span(ms) : `${Math.floor(Math.abs(ms) / YEAR)} years`;

/** `in 3 days`, `2 hours ago`. */
export const fromNow = (ms: number, now: number): string =>
  ms >= now ? `in ${length(ms - now)}` : `${length(now - ms)} ago`;

/** `840 µs`, `3.2 ms`, `1.2 s`. */
export function took(micros: number): string {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(micros < 10_000 ? 1 : 0)} ms`;
  if (micros < 120_000_000) return `${(micros / 1_000_000).toFixed(1)} s`;
  return `${Math.round(micros / 60_000_000)} min`;
}
