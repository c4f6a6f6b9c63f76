import { describe, expect, it } from 'vitest';
import type { Fields } from '../../../meta/object.ts';
import { pods } from '../pods.ts';
import { decoded, NOW, podSpec } from './fixture.ts';

const pod = (spec: Fields = {}, meta: Fields = {}) => decoded(pods, podSpec(spec), { name: 'p', ...meta });

describe('the row of a pod', () => {
  const row = (spec: Fields, status: Fields, meta: Fields = {}) => {
    const object = pod(spec, { creationTimestamp: '2026-01-02T03:03:05Z', ...meta });
    object['status'] = status;
    return pods.row!(object, NOW);
  };
  const running = {
    name: 'c',
    ready: true,
    restartCount: 2,
    state: { running: {} },
    lastState: { terminated: { finishedAt: '2026-01-02T03:00:05Z' } },
  };

  it('shows a new one', () => {
    expect(row({}, { phase: 'Pending' })).toEqual([
      'p',
      '0/1',
      'Pending',
      '0',
      '60s',
      '<none>',
      '<none>',
      '<none>',
      '<none>',
    ]);
  });
  it('shows a running one that restarted', () => {
    const status = { phase: 'Running', podIPs: [{ ip: '10.0.0.9' }], containerStatuses: [running] };
    expect(row({ nodeName: 'n' }, status)).toEqual([
      'p',
      '1/1',
      'Running',
      '2 (4m ago)',
      '60s',
      '10.0.0.9',
      'n',
      '<none>',
      '<none>',
    ]);
  });
  it.each<[string, Fields, Fields, string]>([
    [
      'CrashLoopBackOff',
      {},
      { containerStatuses: [{ name: 'c', state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
      '0/1',
    ],
    ['ExitCode:3', {}, { containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 3 } } }] }, '0/1'],
    [
      'Signal:9',
      {},
      { containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 137, signal: 9 } } }] },
      '0/1',
    ],
    ['SchedulingGated', {}, { conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated' }] }, '0/1'],
    [
      'Init:0/1',
      { initContainers: [{ name: 'i', image: 'i' }] },
      { initContainerStatuses: [{ name: 'i', state: { running: {} } }] },
      '0/1',
    ],
    [
      'Init:Error',
      { initContainers: [{ name: 'i', image: 'i' }] },
      { initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 1, reason: 'Error' } } }] },
      '0/1',
    ],
    [
      'Running',
      { initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always' }] },
      {
        phase: 'Running',
        initContainerStatuses: [{ name: 'i', started: true, ready: true, state: { running: {} } }],
        containerStatuses: [running],
      },
      '2/2',
    ],
  ])('%s', (reason, spec, status, ready) => {
    expect(row(spec, { phase: 'Pending', ...status }).slice(1, 3)).toEqual([ready, reason]);
  });
  it('shows one that is going', () => {
    expect(row({}, { phase: 'Running' }, { deletionTimestamp: '2026-01-02T03:04:00Z' })[2]).toBe(
      'Terminating',
    );
  });
});
