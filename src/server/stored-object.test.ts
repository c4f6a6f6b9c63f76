import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { strategyOf } from '../registry/strategies.ts';
import { encodeProtobuf } from '../schema/protobuf/envelope.ts';
import { MemoryStore } from '../storage/memory.ts';
import { WatchCache } from '../storage/watch-cache.ts';
import { storedObjectDecoder } from './stored-object.ts';

const decoderOf = (group: string, plural: string, kind: string) =>
  storedObjectDecoder({ group, version: 'v1', kind }, (object) =>
    strategyOf(group, plural).defaults?.(object),
  );
const configMaps = decoderOf('', 'configmaps', 'ConfigMap');
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('a value that kube-apiserver has stored as protobuf', () => {
  it('is read from its bytes', () => {
    // runtime.Unknown of a v1 ConfigMap `a/b` with data k: v, written out by hand.
    const value = hex(`
      6b387300
      0a 0f  0a 02 7631  12 09 436f6e6669674d6170
      12 26
         0a 1c  0a 01 62  12 00  1a 01 61  22 00  2a 02 7531  32 00  38 00  42 08 08 80 9a c3 9d 06 10 00
         12 06  0a 01 6b  12 01 76
      1a 00 22 00
    `);
    expect(configMaps(value, '')).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'b', namespace: 'a', uid: 'u1', creationTimestamp: '2023-01-01T00:00:00Z' },
      data: { k: 'v' },
    });
  });

  it('gets the defaults that decoding sets', () => {
    const service = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'a' },
      spec: { ports: [{ port: 80 }], clusterIP: '10.0.0.7' },
    })!;
    expect(decoderOf('', 'services', 'Service')(service, '')?.['spec']).toMatchObject({
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
  });

  it('is served by the watch cache as an object and as JSON', async () => {
    const store = new MemoryStore();
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'b', namespace: 'a', labels: { x: 'y' } },
      data: { k: 'v' },
    };
    await store.put('/registry/configmaps/a/b', encodeProtobuf(object)!);
    await store.put('/registry/configmaps/a/c', Buffer.from('k8s\0\x0aoops'));
    const cache = new WatchCache({
      store,
      prefix: '/registry/configmaps/',
      kind: 'ConfigMap',
      apiVersion: 'v1',
      decode: configMaps,
    });
    await cache.start();
    const [head, rest] = cache.get('a', 'b')!.json;
    expect(JSON.parse(`${head}${rest}`)).toMatchObject({ ...object, metadata: { resourceVersion: '2' } });
    expect(() => cache.get('a', 'c')!.object).toThrow();
    expect(cache.lister().list('a')).toHaveLength(1);
    cache.stop();
  });

  it('is refused where it is of another kind or version, or broken', () => {
    const secret = encodeProtobuf({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })!;
    expect(() => configMaps(secret, '')).toThrow('no kind "Secret" is stored as version "v1" here');
    expect(() => configMaps(Buffer.from('kaputt'), '')).toThrow('does not appear to be a protobuf message');
    expect(configMaps(Buffer.from('{}'), '')).toBeUndefined();
  });
});
