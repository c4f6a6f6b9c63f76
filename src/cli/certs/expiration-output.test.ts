import { describe, expect, it } from 'vitest';
import type { Expiration } from '../../pki/expiration.ts';
import {
  expirationDocument,
  kubeadmTime,
  needsAttention,
  prometheusText,
  residual,
  standing,
  tableText,
} from './expiration-output.ts';
import { spanMilliseconds } from './span.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2030-06-01T12:00:00Z');
const options = { now: NOW, warnMs: 30 * DAY };
const row = (more: Partial<Expiration>): Expiration => ({
  source: '/pki',
  kind: 'certificate',
  name: 'apiserver',
  authority: 'ca',
  externallyManaged: false,
  breaks: 'everything',
  ...more,
});

describe('what is shown of expirations', () => {
  it.each<[Partial<Expiration>, string, boolean]>([
    [{ expires: NOW + 31 * DAY }, 'good', false],
    [{ expires: NOW + 30 * DAY }, 'soon', true],
    [{ expires: NOW }, 'expired', true],
    [{ expires: NOW + 99 * DAY, problem: 'no key' }, 'problem', true],
    [{ expires: NOW - DAY, problem: 'no key' }, 'expired', true],
    [{ missing: true }, 'missing', true],
    [{ never: true, kind: 'token' }, 'never', false],
    [{ kind: 'exec-plugin' }, 'not looked at', false],
    [{ kind: 'cluster', problem: 'out of reach' }, 'problem', true],
    // One that is still good is what somebody should know of; that it ends is what it is for.
    [{ kind: 'break-glass', expires: NOW + 99 * DAY }, 'good', true],
    [{ kind: 'break-glass', expires: NOW - DAY }, 'expired', false],
  ])('%o stands as %s', (more, how, attention) => {
    expect(standing(row(more), options)).toBe(how);
    expect(needsAttention(row(more), options)).toBe(attention);
  });

  it('writes times as kubeadm does', () => {
    expect(kubeadmTime(Date.parse('2030-12-03T04:05:59Z'))).toBe('Dec 03, 2030 04:05 UTC');
    expect([400 * DAY, 364.9 * DAY, DAY, DAY - 1, 90_000, 0, -3 * DAY].map(residual)).toEqual([
      '1y',
      '364d',
      '1d',
      '23h',
      '1m',
      '0s',
      'expired 3d ago',
    ]);
  });

  it("has kubeadm's columns, its tables, and its mark for what is missing", () => {
    const text = tableText(
      [
        row({ expires: NOW + 364 * DAY }),
        row({ name: 'admin.conf', missing: true }),
        row({ kind: 'authority', name: 'ca', expires: NOW + 3650 * DAY, externallyManaged: true }),
        row({ source: 'prod\u001b[31m', kind: 'cluster', name: 'x:1', problem: 'x:1 cannot be reached' }),
      ],
      options,
    );
    expect(
      text,
    ).toBe(`CERTIFICATE            EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED   WHAT BREAKS
apiserver              May 31, 2031 12:00 UTC   364d            ca                      no                   everything
!MISSING! admin.conf                                            ca                      no                   everything

CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED   WHAT BREAKS
ca                      May 29, 2040 12:00 UTC   10y             yes                  everything

WHERE       WHAT      NAME   EXPIRES   RESIDUAL TIME   ISSUER   WHAT BREAKS
prod?[31m   cluster   x:1                              ca       !x:1 cannot be reached; everything
`);
  });

  it('is for programs, too', async () => {
    const rows = [row({ expires: NOW + 10 * DAY }), row({ name: 'a"b', problem: 'broken' })];
    expect(expirationDocument(rows, options)).toEqual({
      checked: '2030-06-01T12:00:00Z',
      items: [
        expect.objectContaining({
          name: 'apiserver',
          status: 'soon',
          expires: '2030-06-11T12:00:00Z',
          residualSeconds: 864_000,
        }),
        expect.objectContaining({ name: 'a"b', status: 'problem', problem: 'broken' }),
      ],
    });
    const text = await prometheusText(rows, options);
    expect(text).toContain(
      `sallyport_certificate_expiration_timestamp_seconds{source="/pki",kind="certificate",name="apiserver",authority="ca"} ${(NOW + 10 * DAY) / 1000}\n`,
    );
    expect(text).toContain(
      'sallyport_certificate_check_failed{source="/pki",kind="certificate",name="a\\"b",authority="ca"} 1\n',
    );
    expect(text).not.toMatch(/expiration_timestamp_seconds\{[^}]*a\\"b/);
  });
});

describe('lengths of time', () => {
  it.each([
    ['30d', 30 * DAY],
    ['1d12h', 1.5 * DAY],
    ['90m', 5_400_000],
    ['0.5d', DAY / 2],
    ['', undefined],
    ['20y', undefined],
    ['d', undefined],
    ['-1h', undefined],
    ['1d-1h', undefined],
  ])('%s', (text, ms) => {
    expect(spanMilliseconds(text)).toBe(ms);
  });
});
