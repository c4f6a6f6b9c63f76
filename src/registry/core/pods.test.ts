import { describe, expect, it } from 'vitest';
import type { Fields } from '../../meta/object.ts';
import { decoded, podSpec } from './pod/fixture.ts';
import { pods } from './pods.ts';

const pod = (spec: Fields = {}, meta: Fields = {}) => decoded(pods, podSpec(spec), { name: 'p', ...meta });

describe('deleting a pod', () => {
  it.each<[string, Fields, Fields, number | undefined, number]>([
    ['no node', {}, {}, 30, 0],
    ['a node', { nodeName: 'n' }, {}, undefined, 30],
    ['a wish', { nodeName: 'n' }, {}, 5, 5],
    ['ended', { nodeName: 'n' }, { phase: 'Succeeded' }, 5, 0],
    ['below zero', { nodeName: 'n' }, {}, -1, 1],
  ])('%s', (_, spec, status, asked, seconds) => {
    const object = pod(spec);
    object['status'] = status;
    expect(pods.gracePeriod!(object, asked)).toBe(seconds);
  });
});

describe('selectable fields', () => {
  it('reads them', () => {
    const object = pod({ nodeName: 'n', hostNetwork: true });
    const read = (name: string) => pods.selectableFields![name]!(object);
    expect(
      ['spec.nodeName', 'spec.host', 'spec.hostNetwork', 'spec.restartPolicy', 'status.phase'].map(read),
    ).toEqual(['n', 'n', 'true', 'Always', '']);
  });
});
