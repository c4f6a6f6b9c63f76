import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fields } from '../../meta/object.ts';
import { violations, violationsText } from './evaluator.ts';
import type { Level, Version } from './level.ts';

const container = (fields: object = {}): Fields => ({ name: 'c', image: 'img', ...fields });
const secured = (securityContext: object): Fields => container({ securityContext });
/** What restricted is content with. */
const GOOD: Fields = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [secured({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } })],
};

function found(
  level: Level,
  version: Version,
  spec: Fields,
  annotations: Record<string, string> = {},
): string {
  return violationsText(
    violations(
      { level, version },
      { spec: { containers: [container()], ...spec }, metadata: { annotations } },
    ),
  );
}

const baseline = (spec: Fields, version: Version = 'latest') => found('baseline', version, spec);
const restricted = (spec: Fields, version: Version = 'latest') =>
  found('restricted', version, { ...GOOD, ...spec });

describe('controls of baseline', () => {
  it.each<[string, Fields, string]>([
    [
      'host namespaces',
      { hostNetwork: true, hostIPC: true },
      'host namespaces (hostNetwork=true, hostIPC=true)',
    ],
    [
      'privileged',
      { containers: [secured({ privileged: true })] },
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'capabilities',
      {
        initContainers: [
          container({ name: 'i', securityContext: { capabilities: { add: ['SYS_ADMIN', 'CHOWN'] } } }),
        ],
        containers: [secured({ capabilities: { add: ['NET_RAW'] } })],
      },
      'non-default capabilities (containers "i", "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'hostPath',
      {
        volumes: [
          { name: 'h', hostPath: { path: '/' } },
          { name: 'e', emptyDir: {} },
        ],
      },
      'hostPath volumes (volume "h")',
    ],
    [
      'hostPorts',
      { containers: [container({ ports: [{ hostPort: 80 }, { hostPort: 443 }, { hostPort: 0 }] })] },
      'hostPort (container "c" uses hostPorts 443, 80)',
    ],
    [
      'AppArmor',
      {
        securityContext: { appArmorProfile: { type: 'Unconfined' } },
        containers: [secured({ appArmorProfile: { type: 'Localhost' } })],
      },
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'SELinux',
      {
        securityContext: { seLinuxOptions: { type: 'x', role: 'r' } },
        containers: [secured({ seLinuxOptions: { user: 'u' } })],
      },
      'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "x"; user may not be set; role may not be set)',
    ],
    [
      'procMount',
      { containers: [secured({ procMount: 'Unmasked' })] },
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seccomp',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'host process',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'probe hosts',
      {
        containers: [
          container({
            livenessProbe: { httpGet: { host: 'b' } },
            lifecycle: { preStop: { tcpSocket: { host: 'a' } } },
          }),
        ],
      },
      'probe or lifecycle host (container "c" uses probe or lifecycle hosts "a", "b")',
    ],
  ])('%s', (_name, spec, text) => {
    expect(baseline(spec)).toBe(text);
    expect(found('privileged', 'latest', spec)).toBe('');
  });

  it('look at annotations where there were no fields yet', () => {
    const annotations = {
      'container.apparmor.security.beta.kubernetes.io/c': 'unconfined',
      'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
    };
    expect(found('baseline', 18, {}, annotations)).toBe(
      'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/c="unconfined""), seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
    );
    expect(found('baseline', 19, {}, annotations)).not.toContain('seccompProfile');
  });

  it('have changed from version to version', () => {
    const sysctls = { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem' }] } };
    expect([31, 32, 99].map((version) => baseline(sysctls, version))).toEqual([
      'forbidden sysctls (net.ipv4.tcp_rmem)',
      '',
      '',
    ]);
    const probe = { containers: [container({ startupProbe: { tcpSocket: { host: 'x' } } })] };
    expect(baseline(probe, 33)).toBe('');
    expect(baseline(probe, 34)).not.toBe('');
    const proc = { hostUsers: false, containers: [secured({ procMount: 'Unmasked' })] };
    expect(baseline(proc, 34)).not.toBe('');
    expect(baseline(proc, 35)).toBe('');
    expect(baseline({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }, 30)).not.toBe(
      '',
    );
    expect(baseline({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }, 31)).toBe('');
  });
});

describe('controls of restricted', () => {
  it('are content with what is good', () => {
    expect(restricted({})).toBe('');
  });

  it('name all that is left open, after those of baseline', () => {
    expect(found('restricted', 'latest', { hostPID: true })).toBe(
      [
        'host namespaces (hostPID=true)',
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      ].join(', '),
    );
  });

  it.each<[string, Fields, string]>([
    [
      'volumes',
      {
        volumes: [
          { name: 'n', nfs: {} },
          { name: 'h', hostPath: {} },
          { name: 'u' },
          { name: 'i', image: {} },
        ],
      },
      'restricted volume types (volumes "n", "h", "u" use restricted volume types "hostPath", "nfs", "unknown")',
    ],
    [
      'root by number',
      { securityContext: { ...GOOD['securityContext'], runAsUser: 0 } },
      'runAsUser=0 (pod must not set runAsUser=0)',
    ],
    [
      'root said',
      { containers: [secured({ ...GOOD['containers'][0].securityContext, runAsNonRoot: false })] },
      'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'capabilities added',
      {
        containers: [
          secured({
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] },
          }),
        ],
      },
      'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      'procMount even with users of its own',
      {
        hostUsers: false,
        containers: [secured({ ...GOOD['containers'][0].securityContext, procMount: 'Unmasked' })],
      },
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
  ])('%s', (_name, spec, text) => {
    expect(restricted(spec)).toBe(text);
  });

  it('let go of what Windows does not have, and of root in user namespaces, in later versions', () => {
    const bare = {
      securityContext: { runAsNonRoot: true },
      containers: [container()],
      os: { name: 'windows' },
    };
    expect(found('restricted', 24, bare)).not.toBe('');
    expect(found('restricted', 25, bare)).toBe('');
    const root = {
      hostUsers: false,
      securityContext: { seccompProfile: { type: 'Localhost' }, runAsUser: 0 },
    };
    expect(restricted(root, 34)).toContain('runAsUser=0');
    expect(restricted(root, 35)).toBe('');
  });
});

/** Pods with all that controls look at, in any mixture. */
const anySecurity = fc.record(
  {
    privileged: fc.boolean(),
    allowPrivilegeEscalation: fc.boolean(),
    runAsNonRoot: fc.boolean(),
    runAsUser: fc.constantFrom(0, 1000),
    procMount: fc.constantFrom('Default', 'Unmasked'),
    capabilities: fc.record(
      { add: fc.subarray(['NET_BIND_SERVICE', 'CHOWN', 'SYS_ADMIN']), drop: fc.subarray(['ALL', 'KILL']) },
      { requiredKeys: [] },
    ),
    seccompProfile: fc.record({ type: fc.constantFrom('RuntimeDefault', 'Localhost', 'Unconfined') }),
    appArmorProfile: fc.record({ type: fc.constantFrom('RuntimeDefault', 'Unconfined') }),
    seLinuxOptions: fc.record(
      { type: fc.constantFrom('container_t', 'x'), user: fc.constantFrom('', 'u') },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const anyContainer = fc.record(
  {
    name: fc.constantFrom('a', 'b'),
    securityContext: anySecurity,
    ports: fc.array(fc.record({ hostPort: fc.constantFrom(0, 80) }), { maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
);
const anyPod = fc.record(
  {
    hostNetwork: fc.boolean(),
    hostUsers: fc.boolean(),
    securityContext: anySecurity,
    volumes: fc.array(
      fc.constantFrom({ name: 'v', hostPath: {} }, { name: 'v', emptyDir: {} }, { name: 'v', nfs: {} }),
      { maxLength: 2 },
    ),
    containers: fc.array(anyContainer, { minLength: 1, maxLength: 2 }),
    initContainers: fc.array(anyContainer, { maxLength: 1 }),
    ephemeralContainers: fc.array(anyContainer, { maxLength: 1 }),
  },
  { requiredKeys: ['containers'] },
);

describe('levels', () => {
  it('what restricted lets in, baseline does too, and privileged anything', () => {
    fc.assert(
      fc.property(anyPod, fc.integer({ min: 0, max: 40 }), (spec, version) => {
        if (violations({ level: 'restricted', version }, { spec }).length === 0)
          expect(violations({ level: 'baseline', version }, { spec })).toEqual([]);
        expect(violations({ level: 'privileged', version }, { spec })).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('of a version still to come are those of the newest', () => {
    fc.assert(
      fc.property(anyPod, fc.constantFrom('baseline' as const, 'restricted' as const), (spec, level) => {
        const newest = violations({ level, version: 'latest' }, { spec });
        expect(violations({ level, version: 36 }, { spec })).toEqual(newest);
        expect(violations({ level, version: 1e9 }, { spec })).toEqual(newest);
      }),
    );
  });

  it('say of the same pod the same, whatever was looked at before', () => {
    fc.assert(
      fc.property(anyPod, (spec) => {
        const copy = structuredClone(spec);
        const first = violations({ level: 'restricted', version: 'latest' }, { spec });
        expect(spec).toEqual(copy);
        expect(violations({ level: 'restricted', version: 'latest' }, { spec })).toEqual(first);
        for (const { reason } of first) expect(reason).not.toBe('');
      }),
    );
  });
});
