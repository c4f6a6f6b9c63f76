import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import type { StaticLister } from '../../registry/lister.ts';
import { attributesOf, listerOf, pod, refusal, standingClock } from '../fixtures/attributes.ts';
import { podSecurityConfiguration } from './configuration.ts';
import { PodSecurity } from './plugin.ts';

const PREFIX = 'pod-security.kubernetes.io/';

function plugin(
  labels: Record<string, string>,
  given: {
    pods?: StaticLister;
    exemptions?: object;
    defaults?: Record<string, string>;
    clock?: ReturnType<typeof standingClock>;
  } = {},
): PodSecurity {
  const result = podSecurityConfiguration({
    exemptions: given.exemptions ?? {},
    defaults: given.defaults ?? {},
  });
  if (!('configuration' in result)) throw new Error('no configuration');
  return new PodSecurity({
    namespaces: listerOf(namespace(labels)),
    pods: given.pods ?? listerOf(),
    configuration: result.configuration,
    clock: given.clock ?? standingClock(),
  });
}

const namespace = (labels: Record<string, string>, name = 'ns'): KubeObject => ({
  metadata: {
    name,
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [PREFIX + key, value])),
  },
});

const shared = pod({ hostPID: true });
const deployment = (spec: object) => ({
  metadata: { name: 'd' },
  spec: { template: { metadata: {}, spec } },
});

describe('PodSecurity', () => {
  it('refuses pods, and tells the audit by which policy', () => {
    const attributes = attributesOf({ object: shared });
    const verdict = plugin({ enforce: 'baseline' }).validate(attributes);
    expect(refusal(verdict)).toBe(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    );
    expect(verdict).toMatchObject({ code: 'POD_SECURITY_VIOLATED', facts: { policy: 'baseline:latest' } });
    // Whoever is refused is not warned besides.
    expect(attributes.warnings).toEqual([]);
    expect(attributes.annotations).toEqual({ [`${PREFIX}enforce-policy`]: 'baseline:latest' });
  });

  it('warns and notes at levels of their own', () => {
    const attributes = attributesOf({ object: shared });
    const verdict = plugin({ warn: 'baseline', audit: 'baseline', 'audit-version': 'v1.20' }).validate(
      attributes,
    );
    expect(refusal(verdict)).toBeUndefined();
    expect(attributes.warnings).toEqual([
      'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    ]);
    expect(attributes.annotations).toEqual({
      [`${PREFIX}enforce-policy`]: 'privileged:latest',
      [`${PREFIX}audit-violations`]:
        'would violate PodSecurity "baseline:v1.20": host namespaces (hostPID=true)',
    });
  });

  it('warns of what makes pods, and never refuses it', () => {
    const attributes = attributesOf({
      of: 'deployments.apps',
      object: deployment({ hostPID: true, containers: [] }),
    });
    expect(refusal(plugin({ enforce: 'baseline' }).validate(attributes))).toBeUndefined();
    expect(attributes.warnings).toHaveLength(1);
    const cron = {
      metadata: { name: 'c' },
      spec: { jobTemplate: { spec: { template: { spec: { hostIPC: true, containers: [] } } } } },
    };
    const nested = attributesOf({ of: 'cronjobs.batch', object: cron });
    plugin({ enforce: 'baseline' }).validate(nested);
    expect(nested.warnings[0]).toContain('hostIPC=true');
    const bare = attributesOf({ of: 'replicationcontrollers', object: { metadata: {}, spec: {} } });
    plugin({ enforce: 'baseline' }).validate(bare);
    expect(bare.warnings).toEqual([]);
  });

  it('exempts users, namespaces and runtime classes', () => {
    const by = (exemptions: object, of = shared) => {
      const attributes = attributesOf({ object: of });
      expect(refusal(plugin({ enforce: 'baseline' }, { exemptions }).validate(attributes))).toBeUndefined();
      return attributes.annotations[`${PREFIX}exempt`];
    };
    expect(by({ usernames: ['jane'] })).toBe('user');
    expect(by({ namespaces: ['ns'] })).toBe('namespace');
    expect(by({ runtimeClasses: ['kata'] }, pod({ hostPID: true, runtimeClassName: 'kata' }))).toBe(
      'runtimeClass',
    );
  });

  it('looks at updates only where something new would run', () => {
    const judge = (object: KubeObject, oldObject: KubeObject, subresource = '') =>
      refusal(
        plugin({ enforce: 'baseline' }).validate(
          attributesOf({ operation: 'UPDATE', object, oldObject, subresource }),
        ),
      );
    expect(judge(pod({ hostPID: true }, { labels: { a: 'b' } }), shared)).toBeUndefined();
    expect(judge(pod({ hostPID: true, containers: [{ name: 'c', image: 'other' }] }), shared)).toContain(
      'violates',
    );
    const debug = pod({ hostPID: true, ephemeralContainers: [{ name: 'd', image: 'i' }] });
    expect(judge(debug, shared, 'ephemeralcontainers')).toContain('violates');
    expect(judge(debug, debug, 'ephemeralcontainers')).toBeUndefined();
    expect(judge(debug, shared, 'status')).toBeUndefined();
  });

  it('takes labels that cannot be read for restricted, and says so', () => {
    const attributes = attributesOf({ object: pod() });
    expect(refusal(plugin({ enforce: 'x' }).validate(attributes))).toContain(
      'violates PodSecurity "restricted:latest"',
    );
    expect(attributes.annotations[`${PREFIX}error`]).toContain('Failed to parse policy: metadata.labels');
  });

  it('refuses pods of a namespace that it does not see', () => {
    const attributes = attributesOf({ object: pod(), namespace: 'gone' });
    expect(refusal(plugin({}).validate(attributes))).toBe(
      'Internal error occurred: failed to lookup namespace "gone"',
    );
  });
});

describe('PodSecurity of namespaces', () => {
  const update = (
    labels: Record<string, string>,
    before: Record<string, string>,
    given: Parameters<typeof plugin>[1] = {},
  ) => {
    const attributes = attributesOf({
      of: 'namespaces',
      operation: 'UPDATE',
      object: namespace(labels),
      oldObject: namespace(before),
    });
    const verdict = plugin(before, given).validate(attributes);
    return { refused: refusal(verdict), warnings: attributes.warnings };
  };
  const owned = (name: string, spec: object, uid?: string): KubeObject =>
    pod(spec, {
      name,
      ...(uid
        ? { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid, controller: true }] }
        : {}),
    });

  it('refuses labels that mean nothing, unless they were there', () => {
    expect(update({ enforce: 'x' }, {}).refused).toContain('Namespace "ns" is invalid: metadata.labels');
    expect(update({ enforce: 'x', audit: 'baseline' }, { enforce: 'x' }).refused).toBeUndefined();
    const created = attributesOf({ of: 'namespaces', object: namespace({ warn: 'y' }) });
    expect(plugin({}).validate(created)).toMatchObject({
      outcome: 'denied',
      error: { status: { code: 422 } },
    });
  });

  it('warns of pods that would not be let in any more, the like together', () => {
    const pods = listerOf(
      owned('b', { hostPID: true }),
      owned('a', { hostPID: true }, 'u1'),
      owned('c', { hostPID: true }, 'u1'),
      owned('d', { hostPID: true, containers: [{ name: 'x', securityContext: { privileged: true } }] }),
      owned('fine', {}),
    );
    expect(update({ enforce: 'baseline' }, {}, { pods }).warnings).toEqual([
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 2 other pods): host namespaces',
      'd: host namespaces, privileged',
    ]);
  });

  it('looks at pods only where more is enforced than before', () => {
    const pods = listerOf(owned('a', { hostPID: true }));
    expect(update({ enforce: 'privileged' }, { enforce: 'baseline' }, { pods }).warnings).toEqual([]);
    expect(update({ enforce: 'baseline' }, { enforce: 'restricted' }, { pods }).warnings).toEqual([]);
    expect(
      update({ enforce: 'baseline', warn: 'restricted' }, { enforce: 'baseline' }, { pods }).warnings,
    ).toEqual([]);
    expect(
      update({ enforce: 'baseline', 'enforce-version': 'v1.3' }, { enforce: 'restricted' }, { pods })
        .warnings,
    ).toHaveLength(2);
  });

  it('gives up after a second, or after three thousand pods', () => {
    const clock = standingClock();
    const slow = {
      ...clock,
      monotonic: () => {
        clock.advance(400);
        return clock.now();
      },
    };
    const pods = listerOf(...Array.from({ length: 5 }, (_, i) => owned(`p${i}`, { hostPID: true })));
    expect(update({ enforce: 'baseline' }, {}, { pods, clock: slow }).warnings[0]).toBe(
      'new PodSecurity enforce level only checked against the first 3 of 5 existing pods',
    );
    const many = listerOf(...Array.from({ length: 3001 }, (_, i) => owned(`p${i}`, {})));
    expect(update({ enforce: 'baseline' }, {}, { pods: many }).warnings).toEqual([
      'new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods',
    ]);
  });

  it('says where labels have no effect', () => {
    const exempt = { exemptions: { namespaces: ['ns'] }, pods: listerOf(owned('a', { hostPID: true })) };
    expect(
      update({ enforce: 'restricted', warn: 'baseline', 'warn-version': 'v1.3' }, {}, exempt).warnings,
    ).toEqual([
      'namespace "ns" is exempt from Pod Security, and the policy (enforce=restricted:latest, warn=baseline:v1.3) will be ignored',
    ]);
  });
});
