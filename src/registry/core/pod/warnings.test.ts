import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../meta/object.ts';
import { pods } from '../pods.ts';
import { container, context, created, podSpec } from './fixture.ts';

const c = container;
const made = (spec: Fields = {}, meta: Fields = {}) => created(pods, podSpec(spec), { name: 'p', ...meta });

describe('warnings of a pod', () => {
  const warnings = (spec: Fields, meta: Fields = {}) => {
    const object = made(spec, meta);
    return pods.warnings!(object, undefined, context());
  };
  it.each<[string, Fields, string[]]>([
    [
      'a dead label',
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      'ports that meet',
      {
        containers: [
          c({
            ports: [
              { containerPort: 80, name: 'a' },
              { containerPort: 80, name: 'a' },
            ],
          }),
        ],
      },
      [
        'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[1]: duplicate port name "a" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
      ],
    ],
    [
      'a hidden variable',
      {
        containers: [
          c({
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
            ],
          }),
        ],
      },
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'parts of bytes',
      { containers: [c({ resources: { limits: { memory: '100m' } } })] },
      [
        'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      ],
    ],
    [
      'files on each other',
      {
        volumes: [
          {
            name: 'v',
            configMap: {
              name: 'm',
              items: [
                { key: 'a', path: 'x' },
                { key: 'b', path: 'x/y' },
              ],
            },
          },
        ],
      },
      ['volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"'],
    ],
    [
      'a dead volume',
      { volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] },
      ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
    ],
  ])('%s', (_, spec, expected) => {
    expect(warnings(spec)).toEqual(expected);
  });
  it('minds names that make poor host names', () => {
    expect(warnings({}, { name: 'a.b' })).toEqual([
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ]);
  });
});
