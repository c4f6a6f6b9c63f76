import { describe, expect, it } from 'vitest';
import { cloneJson } from '../../meta/clone.ts';
import type { Fields, GroupResource, KubeObject } from '../../meta/object.ts';
import { conflictError, notFoundError, StatusError } from '../../meta/status.ts';
import type { DeleteOptions, ObjectClient } from '../client.ts';
import type { VirtualContext } from '../virtual.ts';
import { created, NOW, podSpec } from './pod/fixture.ts';
import { PodBinding } from './pod-binding.ts';
import { PodEviction } from './pod-eviction.ts';
import { pods } from './pods.ts';

/** Objects in memory, by resource and name. */
class Objects implements ObjectClient {
  readonly all = new Map<string, KubeObject>();
  readonly deleted: [string, DeleteOptions][] = [];

  put(resource: string, object: KubeObject): this {
    object.metadata.resourceVersion ??= '1';
    this.all.set(`${resource}/${object.metadata.name}`, object);
    return this;
  }
  lister() {
    return undefined;
  }
  async get(resource: GroupResource, _: string, name: string): Promise<KubeObject> {
    const object = this.all.get(`${resource.resource}/${name}`);
    if (!object) throw notFoundError(resource, name);
    return object;
  }
  async list(resource: GroupResource): Promise<KubeObject[]> {
    return [...this.all].filter(([at]) => at.startsWith(`${resource.resource}/`)).map(([, object]) => object);
  }
  create(): Promise<KubeObject> {
    throw new Error('nothing is created');
  }
  async update(
    resource: GroupResource,
    namespace: string,
    name: string,
    change: (object: KubeObject) => boolean | undefined,
  ) {
    const object = cloneJson(await this.get(resource, namespace, name));
    change(object);
    object.metadata.resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
    this.put(resource.resource, object);
    return object;
  }
  async delete(
    resource: GroupResource,
    namespace: string,
    name: string,
    options: DeleteOptions = {},
  ): Promise<void> {
    const object = await this.get(resource, namespace, name);
    const version = options.preconditions?.resourceVersion;
    if (version !== undefined && version !== object.metadata.resourceVersion)
      throw conflictError(resource, name, 'changed');
    this.all.delete(`${resource.resource}/${name}`);
    this.deleted.push([name, options]);
  }
}

const request = (name: string, more: Partial<VirtualContext> = {}): VirtualContext => ({
  user: { name: 'admin', groups: [] },
  namespace: 'ns',
  name,
  now: NOW,
  dryRun: false,
  warn: () => {},
  annotate: () => {},
  admit: async () => {},
  ...more,
});

const pod = (spec: Fields = {}, meta: Fields = {}, status: Fields = {}): KubeObject => {
  const object = created(pods, podSpec(spec), { name: 'p', labels: { app: 'a' }, ...meta });
  Object.assign(object['status'], status);
  return object;
};

async function refusal(
  promise: Promise<unknown>,
): Promise<{ code: number; message?: string; details?: unknown }> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof StatusError)) throw new Error('not refused');
  const { code, message, details } = error.status;
  return { code, ...(message ? { message } : {}), ...(details ? { details } : {}) };
}

describe('pods/binding', () => {
  const bind = (client: ObjectClient, binding: Fields, more: Partial<VirtualContext> = {}) =>
    new PodBinding(client).create(
      { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' }, ...binding },
      request('p', more),
    );

  it('gives a pod its node, a condition and what the binding brings', async () => {
    const client = new Objects().put('pods', pod({}, {}, { nominatedNodeName: 'm' }));
    const answer = await bind(client, {
      metadata: { name: 'p', annotations: { a: '1' }, labels: { zone: 'z' } },
    });
    expect(answer).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
    const bound = client.all.get('pods/p')!;
    expect(bound['spec'].nodeName).toBe('n');
    expect(bound['status'].nominatedNodeName).toBeUndefined();
    expect(bound['status'].conditions).toEqual([
      {
        type: 'PodScheduled',
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
    ]);
    expect(bound.metadata).toMatchObject({
      annotations: { a: '1' },
      labels: { app: 'a', zone: 'z' },
      generation: 1,
    });
  });

  it('changes nothing in a dry run', async () => {
    const client = new Objects().put('pods', pod());
    await bind(client, {}, { dryRun: true });
    expect(client.all.get('pods/p')!['spec'].nodeName).toBeUndefined();
  });

  it.each<[string, Fields, Fields, string, number]>([
    [
      'a bound pod',
      { nodeName: 'x' },
      {},
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "x"',
      409,
    ],
    [
      'gates',
      { schedulingGates: [{ name: 'g' }] },
      {},
      'Operation cannot be fulfilled on pods/binding "p": pod p has non-empty .spec.schedulingGates',
      409,
    ],
    ['no target', {}, { target: {} }, 'target.name: Required value', 500],
    [
      'two faults',
      {},
      { target: { kind: 'Pod' } },
      '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]',
      500,
    ],
    [
      'another name',
      {},
      { metadata: { name: 'q' } },
      'name in URL does not match name in Binding object',
      400,
    ],
    [
      'another uid',
      {},
      { metadata: { name: 'p', uid: 'v' } },
      'Operation cannot be fulfilled on pods "p": StorageError: invalid object, Code: 4, Key: /registry/pods/ns/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: v, UID in object meta: u',
      409,
    ],
  ])('refuses %s', async (_, spec, binding, message, code) => {
    const client = new Objects().put('pods', pod(spec));
    expect(await refusal(bind(client, binding))).toMatchObject({ code, message });
  });
});

describe('pods/eviction', () => {
  const evict = (
    client: ObjectClient,
    deleteOptions?: Fields,
    name = 'p',
    more: Partial<VirtualContext> = {},
  ) =>
    new PodEviction(client).create(
      { metadata: { name }, ...(deleteOptions ? { deleteOptions } : {}) },
      request('p', more),
    );
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  const budget = (status: Fields, spec: Fields = {}, name = 'b'): KubeObject => ({
    metadata: { name, namespace: 'ns', generation: 1 },
    spec: { selector: { matchLabels: { app: 'a' } }, ...spec },
    status: { observedGeneration: 1, currentHealthy: 2, desiredHealthy: 1, ...status },
  });

  it('deletes a pod without a budget', async () => {
    const client = new Objects().put('pods', pod({}, {}, ready));
    expect(await evict(client, { gracePeriodSeconds: 3 })).toMatchObject({ status: 'Success', code: 201 });
    expect(client.deleted).toEqual([['p', { gracePeriodSeconds: 3 }]]);
  });

  it('takes one from the budget', async () => {
    const client = new Objects()
      .put('pods', pod({}, {}, ready))
      .put('poddisruptionbudgets', budget({ disruptionsAllowed: 1 }));
    await evict(client);
    expect(client.deleted).toHaveLength(1);
    expect(client.all.get('poddisruptionbudgets/b')!['status']).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { p: '2026-01-02T03:04:05Z' },
      conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
    });
  });

  it.each<[string, Fields, string, Fields]>([
    [
      'none left',
      { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 },
      'The disruption budget b needs 1 healthy pods and has 1 currently',
      {},
    ],
    [
      'not looked at yet',
      { observedGeneration: 0 },
      'The disruption budget b is still being processed by the server.',
      { retryAfterSeconds: 10 },
    ],
    [
      'a failed sync',
      {
        disruptionsAllowed: 0,
        conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'oops' }],
      },
      'The disruption budget b does not allow evicting pods currently because it failed sync: oops',
      {},
    ],
  ])('refuses with 429: %s', async (_, status, message, wait) => {
    const client = new Objects().put('pods', pod({}, {}, ready)).put('poddisruptionbudgets', budget(status));
    expect(await refusal(evict(client))).toEqual({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { ...wait, causes: [{ reason: 'DisruptionBudget', message }] },
    });
    expect(client.deleted).toEqual([]);
  });

  it('lets pods that serve nobody go', async () => {
    for (const status of [{ phase: 'Pending' }, { phase: 'Failed' }, { phase: 'Running' }]) {
      const client = new Objects()
        .put('pods', pod({}, {}, status))
        .put(
          'poddisruptionbudgets',
          budget({ disruptionsAllowed: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' }),
        );
      await evict(client);
      expect(client.deleted).toHaveLength(1);
    }
  });

  it('will not choose between two budgets', async () => {
    const client = new Objects()
      .put('pods', pod({}, {}, ready))
      .put('poddisruptionbudgets', budget({}))
      .put('poddisruptionbudgets', budget({}, {}, 'c'));
    expect(await evict(client)).toMatchObject({ status: 'Failure', code: 500 });
  });

  it('deletes nothing in a dry run, asked for either way', async () => {
    const client = new Objects().put('pods', pod());
    await evict(client, { dryRun: ['All'] });
    await evict(client, undefined, 'p', { dryRun: true });
    expect(client.deleted).toEqual([]);
  });

  it('refuses what does not fit', async () => {
    const client = new Objects().put('pods', pod());
    expect(await refusal(evict(client, undefined, 'q'))).toEqual({
      code: 400,
      message: 'name in URL does not match name in Eviction object',
    });
    expect(await refusal(evict(client, { preconditions: { uid: 'v' } }))).toMatchObject({ code: 409 });
    expect(await refusal(evict(new Objects()))).toMatchObject({ code: 404, message: 'pods "p" not found' });
  });
});
