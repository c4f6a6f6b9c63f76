import { describe, expect, it } from 'vitest';
import { durationMilliseconds, formatDuration, parseDuration } from './duration.ts';
import { badBase64 } from './go-base64.ts';
import { formatMicroTime, formatTime, parseMicroTime, parseTime } from './go-time.ts';
import { percentOf, scaledValue } from './intstr.ts';

describe('times', () => {
  it.each([
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['2024-01-01T01:30:00+01:30', '2024-01-01T00:00:00Z'],
    ['2024-01-01T00:00:00.999999999Z', '2024-01-01T00:00:00Z'],
    ['1960-01-01T00:00:00.5-00:01', '1960-01-01T00:01:00Z'],
  ])('%s', (text, normal) => {
    const time = parseTime(text);
    expect(typeof time === 'string' ? time : formatTime(time)).toBe(normal);
  });

  it.each([
    ['yesterday', 'cannot parse "yesterday" as "2006"'],
    ['', 'cannot parse "" as "2006"'],
    ['2024-01-01', 'cannot parse "" as "T"'],
    ['2024-01-01T00:00:00', 'cannot parse "" as "Z07:00"'],
    ['2024-01-01 00:00:00Z', 'cannot parse " 00:00:00Z" as "T"'],
  ])('refuses %j', (text, why) => {
    expect(parseTime(text)).toBe(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": ${why}`,
    );
  });

  it('knows the calendar', () => {
    expect(parseTime('2023-02-29T00:00:00Z')).toBe('parsing time "2023-02-29T00:00:00Z": day out of range');
    expect(typeof parseTime('2024-02-29T00:00:00Z')).toBe('object');
    expect(parseTime('2024-13-01T00:00:00Z')).toBe('parsing time "2024-13-01T00:00:00Z": month out of range');
    expect(parseTime('2024-01-01T24:00:00Z')).toBe('parsing time "2024-01-01T24:00:00Z": hour out of range');
    expect(parseTime('2024-01-01T00:00:00Zx')).toBe('parsing time "2024-01-01T00:00:00Zx": extra text: "x"');
  });

  it('with six digits of a second', () => {
    const time = parseMicroTime('2024-01-01T00:00:00.123456Z');
    expect(typeof time === 'string' ? time : formatMicroTime(time)).toBe('2024-01-01T00:00:00.123456Z');
    expect(parseMicroTime('2024-01-01T00:00:00Z')).toContain('cannot parse "Z" as ".000000"');
  });
});

describe('durations', () => {
  it.each([
    ['0', '0s'],
    ['1h', '1h0m0s'],
    ['90s', '1m30s'],
    ['1.5s', '1.5s'],
    ['300ms', '300ms'],
    ['-1m', '-1m0s'],
    ['1us', '1µs'],
    ['100ns', '100ns'],
    ['1h2m3.004s', '1h2m3.004s'],
  ])('%s is %s', (text, printed) => {
    const nanos = parseDuration(text);
    expect(typeof nanos === 'bigint' ? formatDuration(nanos) : nanos).toBe(printed);
  });
  it('names what is wrong', () => {
    expect(parseDuration('')).toEqual({ error: 'time: invalid duration ""' });
    expect(parseDuration('5')).toEqual({ error: 'time: missing unit in duration "5"' });
    expect(parseDuration('5x')).toEqual({ error: 'time: unknown unit "x" in duration "5x"' });
    expect(parseDuration('1constructor')).toEqual({
      error: 'time: unknown unit "constructor" in duration "1constructor"',
    });
    expect(durationMilliseconds('1.5s')).toBe(1500);
    expect(durationMilliseconds('soon')).toBeUndefined();
  });
});

describe('base64', () => {
  it.each([
    ['YQ==', -1],
    ['YWJj\n', -1],
    ['', -1],
    ['%%', 0],
    ['YQ=', 3],
    ['YQ', 0],
    ['YQ==YQ', 4],
    ['Y', 0],
  ])('%j stumbles at %i', (text, at) => {
    expect(badBase64(text)).toBe(at);
  });
});

describe('numbers or percentages', () => {
  it('are scaled', () => {
    expect(scaledValue('25%', 10, true)).toBe(3);
    expect(scaledValue('25%', 10, false)).toBe(2);
    expect(scaledValue(4, 10, false)).toBe(4);
    expect(scaledValue('x', 10, false)).toContain('string is not a percentage');
    expect(percentOf('30%')).toBe(30);
  });
});
