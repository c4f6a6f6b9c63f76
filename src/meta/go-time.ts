import { quote } from './go-quote.ts';

/** Times as Go's time.Parse reads them, with its words for what is wrong. */

const RFC3339 = '2006-01-02T15:04:05Z07:00';
const RFC3339_MICRO = '2006-01-02T15:04:05.000000Z07:00';

export interface GoTime {
  /** Since 1970, floored. */
  seconds: number;
  nanos: number;
}

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** A metav1.Time: RFC 3339 in any zone. A string is the error. */
export function parseTime(text: string): GoTime | string {
  return parse(text, RFC3339);
}

/** A metav1.MicroTime: RFC 3339 with six digits of a second. A string is the error. */
export function parseMicroTime(text: string): GoTime | string {
  return parse(text, RFC3339_MICRO);
}

/** As metav1.Time is written: UTC, whole seconds. */
export function formatTime({ seconds }: { seconds: number }): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** As metav1.MicroTime is written: UTC, six digits of a second. */
export function formatMicroTime({ seconds, nanos }: GoTime): string {
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}

function parse(text: string, layout: string): GoTime | string {
  const micro = layout === RFC3339_MICRO;
  const parts = SHAPE.exec(text);
  if (!parts || (micro && parts[7]?.length !== 6)) return complaint(text, layout);
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  const range = outOfRange(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    zone!,
  );
  if (range) return `parsing time ${quote(text)}: ${range} out of range`;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  return {
    seconds: date.getTime() / 1000 - offsetSeconds(zone!),
    nanos: Number((fraction ?? '').slice(0, 9).padEnd(9, '0')),
  };
}

function offsetSeconds(zone: string): number {
  if (zone === 'Z') return 0;
  const seconds = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60;
  return zone.startsWith('-') ? -seconds : seconds;
}

function outOfRange(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  zone: string,
): string {
  if (month < 1 || month > 12) return 'month';
  if (hour > 23) return 'hour';
  if (minute > 59) return 'minute';
  if (second > 59) return 'second';
  if (zone !== 'Z') {
    if (Number(zone.slice(1, 3)) > 24) return 'time zone offset hour';
    if (Number(zone.slice(4, 6)) > 59) return 'time zone offset minute';
  }
  if (
    day < 1 ||
    day > new Date(Date.UTC(year % 400 === 0 ? 2000 : 2000 + (year % 400), month, 0)).getUTCDate()
  )
    return 'day';
  return '';
}

/** Walks the layout as time.Parse does, to name the element that the text stumbles over. */
function complaint(text: string, layout: string): string {
  const bad = (rest: string, element: string): string =>
    `parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(element)}`;
  let rest = text;
  const elements: [string, RegExp][] = [
    ['2006', /^\d{4}/],
    ['-', /^-/],
    ['01', /^\d{2}/],
    ['-', /^-/],
    ['02', /^\d{2}/],
    ['T', /^T/],
    ['15', /^\d{1,2}/],
    [':', /^:/],
    ['04', /^\d{2}/],
    [':', /^:/],
    ['05', /^\d{2}/],
    ...(layout === RFC3339_MICRO ? ([['.000000', /^[.,]\d{6}/]] as [string, RegExp][]) : []),
    ['Z07:00', /^(Z|[+-]\d{2}:\d{2})/],
  ];
  for (const [element, form] of elements) {
    const found = form.exec(rest);
    if (!found) return bad(rest, element);
    rest = rest.slice(found[0].length);
    if (element === '05' && layout === RFC3339) rest = rest.replace(/^[.,]\d+/, '');
  }
  return rest === '' ? bad('', '15') : `parsing time ${quote(text)}: extra text: ${quote(rest)}`;
}
