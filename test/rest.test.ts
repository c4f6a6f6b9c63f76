import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Apiserver } from './support/apiserver.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const APPLY = { 'content-type': 'application/apply-patch+yaml' };

describe('lists, watches and what hangs on a resource', () => {
  let server: Apiserver;

  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run(['--controllers=-*']);
    await post('/api/v1/namespaces', { metadata: { name: 'a' } });
    for (const name of ['one', 'three', 'two'])
      await post('/api/v1/namespaces/a/configmaps', {
        metadata: { name, labels: name === 'one' ? { own: 'yes' } : {} },
      });
  }, 60_000);

  afterAll(() => server?.end());

  const post = async (path: string, body: unknown) => {
    const answer = await server.ask(path, { method: 'POST', body });
    expect(answer.status, answer.body).toBe(201);
    return JSON.parse(answer.body);
  };
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const { status, body } = await server.ask(path, { headers });
    return { status, body: JSON.parse(body) };
  };
  const events = async (query: string, headers: Record<string, string> = {}) => {
    const { body } = await server.ask(`/api/v1/namespaces/a/configmaps?watch=1&timeoutSeconds=1${query}`, {
      headers,
    });
    return body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };

  it('makes a further page of whatever is left, in the selection or not', async () => {
    const { body } = await get('/api/v1/namespaces/a/configmaps?labelSelector=own&limit=1');
    expect(body.items).toHaveLength(1);
    const rest = await get(
      `/api/v1/namespaces/a/configmaps?labelSelector=own&limit=1&continue=${body.metadata.continue}`,
    );
    expect(rest.body.items).toEqual([]);
    expect(rest.body.metadata.continue).toBeUndefined();
  });

  it('pages as of the version that is asked for, and gives all for version 0', async () => {
    const { body: one } = await get('/api/v1/namespaces/a/configmaps/one');
    const version = one.metadata.resourceVersion;
    const { body } = await get(`/api/v1/namespaces/a/configmaps?limit=5&resourceVersion=${version}`);
    expect(body.items).toHaveLength(1);
    expect(body.metadata.resourceVersion).toBe(version);
    const all = await get('/api/v1/namespaces/a/configmaps?limit=1&resourceVersion=0');
    expect(all.body.items).toHaveLength(3);
  });

  it('marks the end of what a watch starts with', async () => {
    const seen = await events('&allowWatchBookmarks=true');
    expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    expect(seen[3].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    const table = await events('&allowWatchBookmarks=true&includeObject=None', { accept: TABLE });
    expect(table[0].object.rows[0].object).toBeNull();
    expect(table[3].object.rows[0].object.metadata.annotations).toBeDefined();
  });

  it('waits for a version that is to come, and says so only where a state of that version is wanted', async () => {
    expect(await events('&resourceVersion=99999999')).toEqual([]);
    const [event] = await events(
      '&resourceVersion=99999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    );
    expect(event.type).toBe('ERROR');
    expect(event.object.code).toBe(504);
  }, 15_000);

  it('gives metadata of lists as lists and of objects as objects', async () => {
    const accept = (as: string) => ({ accept: `application/json;as=${as};v=v1beta1;g=meta.k8s.io` });
    const list = await get('/api/v1/namespaces/a/configmaps', accept('PartialObjectMetadata'));
    expect(list.status).toBe(406);
    expect(list.body.message).toContain('the requested object is a list (*core.ConfigMapList)');
    const shown = await get('/api/v1/namespaces/a/configmaps', accept('PartialObjectMetadataList'));
    expect(shown.body.apiVersion).toBe('meta.k8s.io/v1beta1');
  });

  it('writes custom resources as JSON to who takes protobuf too', async () => {
    await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'things.x.io' },
      spec: {
        group: 'x.io',
        scope: 'Cluster',
        names: { plural: 'things', kind: 'Thing' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    });
    const list = (accept: string) => server.ask('/apis/x.io/v1/things', { headers: { accept } });
    const protobuf = 'application/vnd.kubernetes.protobuf';
    for (const until = Date.now() + 10_000; (await list('*/*')).status !== 200 && Date.now() < until; )
      await new Promise((done) => setTimeout(done, 50));
    const both = await list(`${protobuf},application/json`);
    expect(JSON.parse(both.body).kind).toBe('ThingList');
    expect((await list(protobuf)).status).toBe(406);
    expect((await list(`${protobuf};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io`)).status).toBe(200);
  });

  it('lets no patch write into what is stored before it is accepted', async () => {
    const path = '/api/v1/namespaces/a/secrets';
    await post(path, { metadata: { name: 's' }, data: { k: 'MQ==' }, immutable: true });
    for (const type of ['merge-patch+json', 'strategic-merge-patch+json']) {
      const { status, body } = await server.ask(`${path}/s`, {
        method: 'PATCH',
        headers: { 'content-type': `application/${type}` },
        body: { stringData: { k: '2' } },
      });
      expect(status, body).toBe(422);
    }
    expect((await get(`${path}/s`)).body.data).toEqual({ k: 'MQ==' });
  });

  it('has a scale owned by who owns the replicas', async () => {
    const path = '/apis/apps/v1/namespaces/a/deployments';
    const template = { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await post(`${path}?fieldManager=maker`, {
      metadata: { name: 'd' },
      spec: { replicas: 1, selector: { matchLabels: { x: 'y' } }, template },
    });
    const scale = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd' },
      spec: { replicas: 2 },
    };
    const apply = (query: string) =>
      server.ask(`${path}/d/scale?fieldManager=scaler${query}`, {
        method: 'PATCH',
        headers: APPLY,
        body: scale,
      });
    expect(JSON.parse((await apply('')).body).message).toBe(
      'Apply failed with 1 conflict: conflict with "maker" using autoscaling/v1: .spec.replicas',
    );
    expect((await apply('&force=true')).status).toBe(200);
    const { body } = await get(`${path}/d`);
    const [owner] = body.metadata.managedFields;
    expect(owner).toMatchObject({ manager: 'scaler', apiVersion: 'apps/v1', subresource: 'scale' });
    expect(owner.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('says how far a connection to a pod, a service or a node gets', async () => {
    await post('/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' } });
    const spec = { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] };
    await post('/api/v1/namespaces/a/pods', { metadata: { name: 'free' }, spec });
    await post('/api/v1/namespaces/a/pods', {
      metadata: { name: 'bound' },
      spec: { ...spec, nodeName: 'n' },
    });
    const message = async (path: string) => JSON.parse((await server.ask(path)).body).message;
    expect((await server.ask('/api/v1/namespaces/a/pods/free/log')).status).toBe(204);
    expect(await message('/api/v1/namespaces/a/pods/bound/log')).toBe('nodes "n" not found');
    expect(await message('/api/v1/namespaces/a/pods/bound/log?tailLines=x')).toContain('strconv.ParseInt');
    expect(await message('/api/v1/namespaces/a/pods/free/proxy/some/path')).toBe('address not allowed');
    expect(await message('/api/v1/namespaces/a/services/s/proxy')).toBe('endpoints "s" not found');
    expect(await message('/api/v1/nodes/n/proxy')).toBe('nodes "n" not found');
  });

  it('tells of the components of the control plane', async () => {
    const { body } = await get('/api/v1/componentstatuses');
    expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
      'controller-manager',
      'scheduler',
      'etcd-0',
    ]);
    const etcd = await get('/api/v1/componentstatuses/etcd-0');
    expect(etcd.body.conditions).toEqual([{ type: 'Healthy', status: 'True', message: 'ok' }]);
    const none = await get('/api/v1/componentstatuses/none');
    expect(none.body.message).toBe('componentstatus "none" not found');
  });

  it('reads names in headers as UTF-8', async () => {
    // Without a body, Node's client sends each character of a header as a byte.
    const bytes = (text: string): string => Buffer.from(text).toString('latin1');
    const { body } = await server.ask('/api/v1/secrets', {
      headers: { 'impersonate-user': bytes('jürgen→') },
    });
    expect(JSON.parse(body).message).toContain('User "jürgen→" cannot list resource "secrets"');
  });
});
