import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Apiserver } from './support/apiserver.ts';

type Review = Record<string, any>;

/** In which version, and as what, webhooks and policies see what is written. */
describe('what admission is shown', () => {
  let server: Apiserver;
  let webhook: Server;
  let reviews: Review[] = [];
  /** A JSON patch for each review, where there is one. */
  let patchFor: (review: Review) => unknown[] = () => [];

  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run([]);
    const { certFile, keyFile, ca } = { ...server.paths.apiserver, ca: server.paths.ca };
    webhook = createServer(
      { cert: readFileSync(certFile), key: readFileSync(keyFile) },
      (request, answer) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const review: Review = JSON.parse(Buffer.concat(chunks).toString()).request;
          reviews.push(review);
          const patch = patchFor(review);
          const response = {
            uid: review['uid'],
            allowed: true,
            ...(patch.length
              ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
              : {}),
          };
          answer.end(
            JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }),
          );
        });
      },
    );
    await new Promise<void>((done) => webhook.listen(0, '127.0.0.1', done));
    const { port } = webhook.address() as AddressInfo;
    const rule = (group: string, version: string, ...resources: string[]) => ({
      apiGroups: [group],
      apiVersions: [version],
      resources,
      operations: ['CREATE', 'UPDATE'],
    });
    const hook = (name: string, matchPolicy: string, ...rules: unknown[]) => ({
      name: `${name}.example.com`,
      clientConfig: {
        url: `https://127.0.0.1:${port}/${name}`,
        caBundle: readFileSync(ca.certFile).toString('base64'),
      },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      matchPolicy,
      rules,
    });
    await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
        versions: ['v1', 'v2'].map((name) => ({
          name,
          served: true,
          storage: name === 'v1',
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          },
        })),
      },
    });
    await vi.waitFor(async () =>
      expect((await server.ask('/apis/example.com/v2/namespaces/default/boats')).status).toBe(200),
    );
    await ask('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'seen' },
      webhooks: [
        hook('equivalent', 'Equivalent', rule('example.com', 'v1', 'boats')),
        hook('exact', 'Exact', rule('example.com', 'v1', 'boats')),
        hook('autoscalers', 'Equivalent', rule('autoscaling', 'v1', 'horizontalpodautoscalers')),
        hook('scales', 'Equivalent', rule('apps', 'v1', 'deployments/scale')),
      ],
    });
  });
  beforeEach(() => {
    reviews = [];
    patchFor = () => [];
  });
  afterAll(async () => {
    webhook?.closeAllConnections();
    webhook?.close();
    await server?.remove();
  });

  const ask = async (method: string, path: string, body: unknown, headers: Record<string, string> = {}) => {
    const { status, body: text } = await server.ask(path, { method, body, headers });
    expect(status, text).toBeLessThan(300);
    return JSON.parse(text);
  };
  const boat = (version: string, name: string) => ({
    apiVersion: `example.com/${version}`,
    kind: 'Boat',
    metadata: { name },
    spec: { oars: 2 },
  });

  it('sends a custom resource in the version that a rule names, and only with the policy Equivalent', async () => {
    await ask('POST', '/apis/example.com/v2/namespaces/default/boats', boat('v2', 'skiff'));
    expect(reviews).toHaveLength(1);
    const [review] = reviews;
    expect(review).toMatchObject({
      kind: { group: 'example.com', version: 'v1', kind: 'Boat' },
      resource: { group: 'example.com', version: 'v1', resource: 'boats' },
      requestKind: { group: 'example.com', version: 'v2', kind: 'Boat' },
      requestResource: { group: 'example.com', version: 'v2', resource: 'boats' },
      object: { apiVersion: 'example.com/v1', spec: { oars: 2 } },
    });
    reviews = [];
    await ask('POST', '/apis/example.com/v1/namespaces/default/boats', boat('v1', 'dinghy'));
    expect(reviews.map(({ requestKind }) => requestKind.version)).toEqual(['v1', 'v1']);
  });

  it('takes a patch in the version that was sent', async () => {
    patchFor = ({ object }) => [
      { op: 'add', path: '/spec/seen', value: object.apiVersion },
      { op: 'replace', path: '/spec/oars', value: 4 },
    ];
    const made = await ask('POST', '/apis/example.com/v2/namespaces/default/boats', boat('v2', 'gig'));
    expect(made).toMatchObject({ apiVersion: 'example.com/v2', spec: { oars: 4, seen: 'example.com/v1' } });
  });

  it('takes away what a patch takes away', async () => {
    patchFor = ({ object }) => (object.spec ? [{ op: 'remove', path: '/spec' }] : []);
    const path = '/apis/example.com/v1/namespaces/default/boats';
    expect(await ask('POST', path, boat('v1', 'raft'))).not.toHaveProperty('spec');
  });

  it('converts built-in kinds to the version that a rule names, and what a patch makes of them back', async () => {
    patchFor = () => [{ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 70 }];
    const made = await ask('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    });
    expect(reviews[0]).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1' },
      requestKind: { group: 'autoscaling', version: 'v2' },
      object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 50 } },
    });
    expect(made.spec.metrics[0].resource.target.averageUtilization).toBe(70);
  });

  it('shows a write of a scale as a Scale, old and new, and lets it be changed', async () => {
    await ask('POST', '/apis/apps/v1/namespaces/default/deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'web' }] },
        },
      },
    });
    expect(reviews).toEqual([]);
    patchFor = ({ object }) => [{ op: 'replace', path: '/spec/replicas', value: object.spec.replicas + 1 }];
    const path = '/apis/apps/v1/namespaces/default/deployments/web/scale';
    const patched = await ask('PATCH', path, '{"spec":{"replicas":4}}', {
      'content-type': 'application/merge-patch+json',
    });
    expect(patched.spec.replicas).toBe(5);
    expect(reviews[0]).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      subResource: 'scale',
      object: { kind: 'Scale', spec: { replicas: 4 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    });
    const put = await ask('PUT', path, { ...patched, spec: { replicas: 7 } });
    expect(put.spec.replicas).toBe(8);
  });

  it('holds a policy against the Scale, and against the version its rules name', async () => {
    const policy = async (name: string, group: string, version: string, resource: string, rule: string) => {
      await ask('POST', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name },
        spec: {
          matchConstraints: {
            resourceRules: [
              {
                apiGroups: [group],
                apiVersions: [version],
                resources: [resource],
                operations: ['CREATE', 'UPDATE'],
              },
            ],
          },
          validations: [{ expression: rule, message: `${name} says no` }],
        },
      });
      await ask('POST', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name },
        spec: { policyName: name, validationActions: ['Deny'] },
      });
    };
    await policy(
      'scale',
      'apps',
      'v1',
      'deployments/scale',
      "object.kind != 'Scale' || object.spec.replicas < 9",
    );
    await policy(
      'boat',
      'example.com',
      'v1',
      'boats',
      "request.requestKind.version != 'v2' || object.apiVersion != 'example.com/v1'",
    );
    const refused = async (method: string, path: string, body: unknown, type = 'application/json') =>
      (await server.ask(path, { method, body, headers: { 'content-type': type } })).body;
    const scale = '/apis/apps/v1/namespaces/default/deployments/web/scale';
    expect(
      await refused('PATCH', scale, '{"spec":{"replicas":20}}', 'application/merge-patch+json'),
    ).toContain('scale says no');
    expect(
      await refused('POST', '/apis/example.com/v2/namespaces/default/boats', boat('v2', 'punt')),
    ).toContain('boat says no');
    await ask('POST', '/apis/example.com/v1/namespaces/default/boats', boat('v1', 'punt'));
  });
});
