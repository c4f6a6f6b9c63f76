import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../meta/object.ts';
import { pods } from '../pods.ts';
import { container, createFaults, podSpec } from './fixture.ts';

const c = container;
const faults = (spec: Fields, meta: Fields = {}, allowPrivileged = false) =>
  createFaults(pods, podSpec(spec), { name: 'p', ...meta }, allowPrivileged);

describe('faults of a new pod', () => {
  const table: [string, Fields, string[], Fields?][] = [
    ['nothing', {}, []],
    ['no containers', { containers: [] }, ['spec.containers: Required value']],
    [
      'no name, no image',
      { containers: [{}] },
      ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
    ],
    ['a name twice', { containers: [c(), c()] }, ['spec.containers[1].name: Duplicate value: "c"']],
    [
      'an unknown restart policy',
      { restartPolicy: 'Sometimes' },
      [
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      ],
    ],
    [
      'a mount without its volume',
      { containers: [c({ volumeMounts: [{ name: 'v', mountPath: '/x' }] })] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'a request above its limit',
      { containers: [c({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } })] },
      [
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
    ],
    [
      'a token for under ten minutes',
      {
        serviceAccountName: 'a',
        volumes: [
          {
            name: 't',
            projected: { sources: [{ serviceAccountToken: { path: 'x', expirationSeconds: 599 } }] },
          },
        ],
      },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      ],
    ],
    [
      'a token for over 2^32 seconds',
      {
        serviceAccountName: 'a',
        volumes: [
          {
            name: 't',
            projected: { sources: [{ serviceAccountToken: { path: 'x', expirationSeconds: 4294967297 } }] },
          },
        ],
      },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      ],
    ],
    [
      'a token without a path',
      {
        serviceAccountName: 'a',
        volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: {} }] } }],
      },
      ['spec.volumes[0].projected.path: Required value'],
    ],
    [
      'a token without an account',
      { volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'x' } }] } }] },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
      ],
    ],
    [
      'two sources in a volume',
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/a/../b' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a path that steps back',
      { volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] },
      ['spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\''],
    ],
    [
      'a volume twice',
      {
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'v', emptyDir: {} },
        ],
      },
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      'a secret without a name, a bad mode and key',
      { volumes: [{ name: 'v', secret: { defaultMode: 512, items: [{ key: 'a', path: '/b' }] } }] },
      [
        'spec.volumes[0].secret.secretName: Required value',
        'spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
        'spec.volumes[0].secret.items[0].path: Invalid value: "/b": must be a relative path',
      ],
    ],
    [
      'privileged without leave',
      { containers: [c({ securityContext: { privileged: true } })] },
      ['spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy'],
    ],
    [
      'a port out of range, twice',
      {
        containers: [
          c({
            ports: [
              { containerPort: 70000, hostPort: 1, name: 'UP' },
              { containerPort: 5, hostPort: 1 },
            ],
          }),
        ],
      },
      [
        'spec.containers[0].ports[0].name: Invalid value: "UP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.containers[0].ports[0].name: Invalid value: "UP": must contain at least one letter (a-z)',
        'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
        'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//1"',
      ],
    ],
    [
      'variables',
      {
        containers: [
          c({
            env: [
              { name: '' },
              { name: 'A=B', value: 'x' },
              { name: 'C', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'D', valueFrom: {} },
              { name: 'E', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } },
              { name: 'F', valueFrom: { secretKeyRef: { name: 's', key: 'a b' } } },
            ],
          }),
        ],
      },
      [
        'spec.containers[0].env[0].name: Required value',
        'spec.containers[0].env[1].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
        'spec.containers[0].env[2].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        'spec.containers[0].env[3].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        'spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
        "spec.containers[0].env[5].valueFrom.secretKeyRef.key: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [
      'probes',
      {
        containers: [
          c({
            livenessProbe: { httpGet: { port: 0 }, tcpSocket: { port: 1 }, successThreshold: 2 },
            readinessProbe: {},
            startupProbe: { exec: {}, periodSeconds: -1 },
          }),
        ],
      },
      [
        'spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
        'spec.containers[0].readinessProbe: Required value: must specify a handler type',
        'spec.containers[0].startupProbe.exec.command: Required value',
        'spec.containers[0].startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [
      'hooks of an init container',
      { initContainers: [{ name: 'i', image: 'i:1', readinessProbe: { exec: { command: ['x'] } } }] },
      [
        'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'probes of a sidecar',
      {
        initContainers: [
          { name: 'i', image: 'i:1', restartPolicy: 'Always', readinessProbe: { exec: { command: ['x'] } } },
        ],
      },
      [],
    ],
    [
      'an image with a blank',
      { containers: [c({ image: ' i' })] },
      ['spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace'],
    ],
    [
      'unknown resources',
      { containers: [c({ resources: { limits: { 'example.com/gpu': '1.5', foo: '1' } } })] },
      [
        'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer',
        'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers',
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer',
        'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers',
      ],
    ],
    [
      'huge pages alone',
      { containers: [c({ resources: { limits: { 'hugepages-2Mi': '3Mi' } } })] },
      [
        'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
      ],
    ],
    [
      'escalation against itself',
      {
        containers: [
          c({
            securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ['CAP_SYS_ADMIN'] } },
          }),
        ],
      },
      [
        'spec.containers[0].securityContext: Invalid value: {"Capabilities":{"Add":["CAP_SYS_ADMIN"],"Drop":null},"Privileged":null,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
      ],
    ],
    [
      'security contexts',
      {
        securityContext: {
          runAsUser: -1,
          seccompProfile: { type: 'Localhost' },
          sysctls: [{ name: 'a..b', value: '1' }],
          fsGroupChangePolicy: 'x',
        },
        containers: [
          c({
            securityContext: {
              procMount: 'Unmasked',
              seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'x' },
            },
          }),
        ],
      },
      [
        'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
        'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: {"Type":"RuntimeDefault","LocalhostProfile":"x"}: can only be set when seccomp type is Localhost',
        'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
        'spec.securityContext.sysctls[0].name: Invalid value: "a..b": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        'spec.securityContext.fsGroupChangePolicy: Unsupported value: "x": supported values: "Always", "OnRootMismatch"',
        'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
      ],
    ],
    [
      'tolerations',
      {
        tolerations: [
          { operator: 'Equal' },
          { key: 'a', operator: 'Exists', value: 'x' },
          { key: 'b', operator: 'In', effect: 'Never', tolerationSeconds: 1 },
        ],
      },
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        'spec.tolerations[1].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\'',
        'spec.tolerations[2].effect: Invalid value: "Never": effect must be \'NoExecute\' when `tolerationSeconds` is set',
        'spec.tolerations[2].operator: Unsupported value: "In": supported values: "Equal", "Exists"',
        'spec.tolerations[2].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      'affinities',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 0, preference: { matchFields: [{ key: 'x', operator: 'Gt' }] } },
            ],
          },
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: '', matchLabelKeys: ['a'] }],
          },
        },
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchFields[0].operator: Invalid value: "Gt": not a valid selector operator',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchFields[0].key: Invalid value: "x": not a valid field selector key',
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
    [
      'spread',
      {
        topologySpreadConstraints: [
          { maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 1 },
          { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway' },
        ],
      },
      [
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, ScheduleAnyway}"',
        'spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
      ],
    ],
    [
      'names and numbers',
      {
        dnsPolicy: 'None',
        hostname: 'a.b',
        activeDeadlineSeconds: 0,
        hostAliases: [{ ip: 'x' }],
        nodeName: 'UP',
        preemptionPolicy: 'Never!',
        os: { name: 'plan9' },
      },
      [
        'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
        "spec.nodeName: Invalid value: \"UP\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
        'spec.hostname: Invalid value: "a.b": must not contain dots',
        'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'spec.preemptionPolicy: Unsupported value: "Never!": supported values: "PreemptLowerPriority", "Never"',
        'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"',
      ],
    ],
    [
      'Linux fields on Windows',
      {
        os: { name: 'windows' },
        hostPID: true,
        containers: [c({ securityContext: { privileged: false, runAsUser: 1 } })],
      },
      [
        'spec.hostPID: Forbidden: cannot be set for a windows pod',
        'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
        'spec.containers[0].securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
      ],
    ],
    [
      'ephemeral containers',
      { ephemeralContainers: [{ name: 'd', image: 'd' }] },
      ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ],
    [
      'gates on a bound pod',
      { nodeName: 'n', schedulingGates: [{ name: 'a' }] },
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [
      'claims',
      { resourceClaims: [{ name: 'a' }], containers: [c({ resources: { claims: [{ name: 'b' }] } })] },
      [
        'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        'spec.containers[0].resources.claims[0]: Not found: "b": must be one of the names in pod.spec.resourceClaims: a',
      ],
    ],
    [
      'a mirror pod without its node',
      {},
      [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      ],
      { annotations: { 'kubernetes.io/config.mirror': 'x' } },
    ],
    [
      'a profile given both ways',
      { containers: [c({ securityContext: { seccompProfile: { type: 'Unconfined' } } })] },
      [
        'spec.containers[0].securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
      ],
      { annotations: { 'container.seccomp.security.alpha.kubernetes.io/c': 'runtime/default' } },
    ],
  ];
  it.each(table)('%s', (_, spec, expected, meta) => {
    expect(faults(spec, meta)).toEqual(expected);
  });

  it('lets privileged containers pass where the server may', () => {
    expect(faults({ containers: [c({ securityContext: { privileged: true } })] }, {}, true)).toEqual([]);
  });

  it('stays cheap for a body made of faults', () => {
    const containers = Array.from({ length: 100_000 }, () => ({}));
    const ports = Array.from({ length: 20_000 }, () => ({ containerPort: 80 }));
    expect(faults({ containers }).length).toBe(10_000);
    expect(faults({ containers: [c({ ports })] })).toEqual([]);
  });
});
