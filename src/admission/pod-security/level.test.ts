import { describe, expect, it } from 'vitest';
import { errorText } from '../../meta/field-error.ts';
import { levelText, type PodSecurityPolicy, parseVersion, policyOf } from './level.ts';

const at = (level: 'privileged' | 'baseline' | 'restricted', version: number | 'latest' = 'latest') => ({
  level,
  version,
});
const OPEN: PodSecurityPolicy = {
  enforce: at('privileged'),
  audit: at('privileged'),
  warn: at('privileged'),
};
const labels = (given: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [`pod-security.kubernetes.io/${name}`, value]),
  );

describe('Pod Security labels', () => {
  it('are versions of v1 without leading zeros, or latest', () => {
    expect(['latest', 'v1.0', 'v1.30', 'v1.999'].map(parseVersion)).toEqual(['latest', 0, 30, 999]);
    for (const text of ['', 'v1', 'v1.', 'v1.01', 'v2.1', '1.30', 'v1.30 ', 'v1.99999999999999999999'])
      expect(parseVersion(text)).toBeUndefined();
    expect([at('baseline'), at('restricted', 7)].map(levelText)).toEqual([
      'baseline:latest',
      'restricted:v1.7',
    ]);
  });

  it('go before the defaults, mode by mode', () => {
    const { policy, errors } = policyOf(
      labels({ enforce: 'baseline', 'enforce-version': 'v1.30', audit: 'restricted' }),
      OPEN,
    );
    expect(errors).toEqual([]);
    expect(policy).toEqual({
      enforce: at('baseline', 30),
      audit: at('restricted'),
      warn: at('baseline', 30),
    });
    expect(policyOf(undefined, OPEN).policy).toEqual(OPEN);
  });

  it('warn of what is enforced unless they say something else', () => {
    expect(policyOf(labels({ enforce: 'baseline', warn: 'privileged' }), OPEN).policy.warn).toEqual(
      at('privileged'),
    );
    expect(
      policyOf(labels({ enforce: 'baseline', 'enforce-version': 'v1.2', 'warn-version': 'v1.3' }), OPEN)
        .policy.warn,
    ).toEqual(at('baseline', 3));
    expect(
      policyOf(labels({ enforce: 'baseline' }), { ...OPEN, warn: at('restricted', 9) }).policy.warn,
    ).toEqual(at('restricted', 9));
  });

  it('that cannot be read enforce the strictest, and neither audit nor warn', () => {
    const { policy, errors } = policyOf(
      labels({ enforce: 'x', 'enforce-version': 'y', audit: 'z', warn: 'Baseline' }),
      OPEN,
    );
    expect(policy).toEqual({ enforce: at('restricted'), audit: at('privileged'), warn: at('privileged') });
    expect(errors.map(errorText)).toEqual([
      'metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "x": must be one of privileged, baseline, restricted',
      'metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: "y": must be "latest" or "v1.x"',
      'metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: "z": must be one of privileged, baseline, restricted',
      'metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "Baseline": must be one of privileged, baseline, restricted',
    ]);
  });
});
