import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../meta/object.ts';
import { notFoundError } from '../../meta/status.ts';
import type { ObjectClient } from '../client.ts';
import { NodePortClaims } from './node-port-claims.ts';

/** One Lease, as two servers see it. */
function oneLease(): ObjectClient {
  let lease: KubeObject | undefined;
  return {
    lister: () => undefined,
    get: async () => lease!,
    list: async () => [],
    delete: async () => {},
    create: async (_resource, _namespace, object) => {
      lease = object;
      return object;
    },
    update: async (resource, _namespace, name, change) => {
      if (!lease) throw notFoundError({ ...resource, version: 'v1' } as never, name);
      const next = structuredClone(lease);
      if (change(next) !== false) lease = next;
      return lease;
    },
  };
}

describe('claims of node ports', () => {
  it('keep another server from giving the same port away, for a while', async () => {
    const client = oneLease();
    let now = 0;
    const [one, other] = [new NodePortClaims(client, () => now), new NodePortClaims(client, () => now)];
    expect(await one.claim([30001, 30002])).toEqual([]);
    expect(await other.claim([30002, 30003])).toEqual([30002]);
    expect(await other.claim([30003])).toEqual([]);
    now = 121_000;
    expect(await other.claim([30002])).toEqual([]);
  });
});
