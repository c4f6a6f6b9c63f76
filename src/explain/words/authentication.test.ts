import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { authenticationWords, refusalsText } from './authentication.ts';

const ROOT = new URL('../../authentication/', import.meta.url);
/** Codes that are no refusal, and so have no words of kube-apiserver. */
const NO_REFUSAL =
  /^(SA_(VALID|NO_JWT|OTHER_ISSUER|LEGACY_VALID)|X509_(VERIFIED|NONE|NO_COMMON_NAME)|FRONT_PROXY_(HEADERS|NO_USER|NO_CERTIFICATE)|WEBSOCKET_(NONE|NO_TOKEN)|TOKEN_(FILE_KNOWN|FILE_UNKNOWN|OTHER_AUDIENCE))$/;

describe('words of refusals', () => {
  it('are there for every code that authenticators give', () => {
    const codes = new Set<string>();
    for (const folder of ['', 'service-account/', 'x509/']) {
      for (const file of readdirSync(new URL(folder, ROOT))) {
        if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
        const source = readFileSync(new URL(folder + file, ROOT), 'utf8');
        for (const m of source.matchAll(/'((?:SA|X509|FRONT_PROXY|WEBSOCKET|TOKEN)_[A-Z0-9_]+)'/g))
          codes.add(m[1]!);
      }
    }
    expect(codes.size).toBeGreaterThan(40);
    const wordless = [...codes].filter((code) => !NO_REFUSAL.test(code) && !authenticationWords[code]);
    expect(wordless).toEqual([]);
  });

  it('are joined as Go joins errors: each once, in brackets if several', () => {
    const refused = (code: string, facts = {}) => ({ verdict: 'refused', by: 'x', code, facts }) as const;
    expect(refusalsText(['invalid bearer token'], [])).toBe('invalid bearer token');
    expect(refusalsText(['invalid bearer token'], [refused('TOKEN_UNKNOWN')])).toBe('invalid bearer token');
    expect(
      refusalsText(
        ['invalid bearer token'],
        [refused('SA_EXPIRED'), { ...refused('X'), verdict: 'notMine' }, refused('SA_EXPIRED')],
      ),
    ).toBe('[invalid bearer token, service account token has expired]');
  });

  it('keep to kube-apiserver for certificates', () => {
    expect(authenticationWords.X509_EXPIRED!({ now: Date.parse('2026-06-01T00:00:00Z'), notAfter: 0 })).toBe(
      'x509: certificate has expired or is not yet valid: current time 2026-06-01T00:00:00Z is after 1970-01-01T00:00:00Z',
    );
    expect(authenticationWords.FRONT_PROXY_CERTIFICATE!({ fault: 'X509_UNKNOWN_AUTHORITY' })).toBe(
      'x509: certificate signed by unknown authority',
    );
  });
});
