import { describe, expect, it } from 'vitest';
import { CachedObject, CacheEvent, objectForm, UndecodableObjectError } from './cached-object.ts';

const form = objectForm('ConfigMap', 'v1');
const cached = (stored: string | object, revision = 7, path = 'ns/name'): CachedObject =>
  new CachedObject(
    form,
    path,
    revision,
    Buffer.from(typeof stored === 'string' ? stored : JSON.stringify(stored)),
  );
const whole = (object: CachedObject): unknown => JSON.parse(Buffer.concat(object.json).toString());

describe('CachedObject', () => {
  const rest = { metadata: { name: 'name', namespace: 'ns', uid: 'u' }, data: { a: 'ä\n"' } };
  const complete = {
    ...rest,
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { ...rest.metadata, resourceVersion: '7' },
  };

  it.each([
    ['as a typed object is written', JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', ...rest })],
    [
      'as a map is written, with a newline',
      `${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...rest })}\n`,
    ],
    ['in another order', JSON.stringify({ ...rest, kind: 'ConfigMap', apiVersion: 'v1' })],
    ['under another version', JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1beta1', ...rest })],
  ])('makes an item, bytes and a value of what is stored %s', (_, stored) => {
    const object = cached(stored);
    expect(object.item.toString()).toMatch(/^\{"metadata":\{"resourceVersion":"7","name"/);
    expect(JSON.parse(object.item.toString())).toEqual({ ...rest, metadata: complete.metadata });
    expect(whole(object)).toEqual(complete);
    expect(object.object).toEqual(complete);
    expect(object.object).toBe(object.object);
    expect(object.item).toBe(object.item);
    expect([object.namespace, object.name]).toEqual(['ns', 'name']);
  });

  it('takes empty metadata, and an old resourceVersion where one was stored', () => {
    expect(whole(cached('{"kind":"ConfigMap","apiVersion":"v1","metadata":{}}'))).toMatchObject({
      metadata: { resourceVersion: '7' },
    });
    const stored = { metadata: { resourceVersion: '3', name: 'a' }, kind: 'ConfigMap' };
    expect(cached(stored).object.metadata).toEqual({ resourceVersion: '7', name: 'a' });
  });

  it('asks the decoder first', () => {
    const decoding = objectForm('ConfigMap', 'v1', (value) =>
      value[0] === 0x6b ? { metadata: { name: 'decoded' }, data: {} } : undefined,
    );
    const object = new CachedObject(decoding, 'ns/name', 9, Buffer.from('k8s\0…'));
    expect(object.object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { resourceVersion: '9', name: 'decoded' },
      data: {},
    });
    const plain = Buffer.from('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}');
    expect(new CachedObject(decoding, 'ns/a', 9, plain).object.metadata.name).toBe('a');
  });

  it('says which key holds what is not an object', () => {
    for (const bad of ['', 'k8s\0', '[]', 'null', '"text"', '{"metadata":']) {
      expect(() => cached(bad, 7, 'ns/bad').object).toThrow(UndecodableObjectError);
      expect(() => cached(bad, 7, 'ns/bad').item).toThrow(/ns\/bad/);
    }
  });

  it('shows a deleted object under the revision of its deletion', () => {
    const object = cached({ kind: 'ConfigMap', apiVersion: 'v1', ...rest }, 99);
    expect(whole(object.at(100))).toEqual({
      ...complete,
      metadata: { ...complete.metadata, resourceVersion: '100' },
    });
    expect(object.at(100).at(5).object.metadata.resourceVersion).toBe('5');
  });
});

describe('CacheEvent', () => {
  it('writes each watch line once', () => {
    const before = cached(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"x":"1"}}',
      7,
    );
    const after = cached(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"x":"2"}}',
      8,
    );
    const event = new CacheEvent('MODIFIED', 8, after, before);
    expect(event.frame().toString()).toBe(
      '{"type":"MODIFIED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"8","name":"a"},"data":{"x":"2"}}}\n',
    );
    expect(event.frame()).toBe(event.frame('MODIFIED'));
    expect(JSON.parse(event.frame('ADDED').toString())).toMatchObject({
      type: 'ADDED',
      object: { data: { x: '2' } },
    });
    const left = JSON.parse(event.frame('DELETED').toString());
    expect(left).toMatchObject({
      type: 'DELETED',
      object: { data: { x: '1' }, metadata: { resourceVersion: '8' } },
    });
    const deleted = new CacheEvent('DELETED', 9, after.at(9), after);
    expect(JSON.parse(deleted.frame().toString()).object).toMatchObject({
      data: { x: '2' },
      metadata: { resourceVersion: '9' },
    });
  });
});
