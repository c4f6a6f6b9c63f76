import { describe, expect, it } from 'vitest';
import { cloneJson } from '../../../meta/clone.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import { pods } from '../pods.ts';
import { created, podSpec, updated } from './fixture.ts';

const made = (spec: Fields = {}, meta: Fields = {}) => created(pods, podSpec(spec), { name: 'p', ...meta });

describe('status of a pod', () => {
  const old = made({ restartPolicy: 'Never' });

  it('keeps the spec and the class', () => {
    const { object, faults: errors } = updated(
      pods,
      old,
      (p) => {
        p['spec'].hostname = 'ignored';
        p['status'] = {
          phase: 'Running',
          podIP: '10.0.0.1',
          conditions: [{ type: 'Ready', status: 'True' }],
        };
      },
      'status',
    );
    expect(errors).toEqual([]);
    expect(object['spec'].hostname).toBeUndefined();
    expect(object['status']).toMatchObject({
      phase: 'Running',
      qosClass: 'BestEffort',
      podIPs: [{ ip: '10.0.0.1' }],
    });
  });

  it('holds an ended container to its end', () => {
    const done = cloneJson(old);
    done['status'].containerStatuses = [{ name: 'c', state: { terminated: { exitCode: 1 } } }];
    const revive = (p: KubeObject) => {
      p['status'].containerStatuses = [{ name: 'c', state: { running: {} } }];
    };
    expect(updated(pods, done, revive, 'status').faults).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
    done['spec'].restartPolicy = 'OnFailure';
    expect(updated(pods, done, revive, 'status').faults).toEqual([]);
  });

  it.each<[string, Fields, string]>([
    [
      'a class',
      { qosClass: 'Guaranteed' },
      'status.qosClass: Invalid value: "Guaranteed": field is immutable',
    ],
    [
      'addresses',
      { podIPs: [{ ip: '1.1.1.1' }, { ip: '2.2.2.2' }] },
      'status.podIPs: Invalid value: [{"IP":"1.1.1.1"},{"IP":"2.2.2.2"}]: may specify no more than one IP for each IP family',
    ],
    [
      'a host',
      { hostIP: '1.1.1.1', hostIPs: [{ ip: '2.2.2.2' }] },
      'status.hostIPs[0].ip: Invalid value: "2.2.2.2": must be equal to `hostIP`',
    ],
  ])('refuses %s', (_, status, fault) => {
    expect(
      updated(
        pods,
        old,
        (p) => {
          p['status'] = { ...p['status'], ...status };
        },
        'status',
      ).faults,
    ).toEqual([fault]);
  });
});
