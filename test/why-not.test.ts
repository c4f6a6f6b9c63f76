import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Remedy } from '../src/authorization/near-misses.ts';
import { type Explanation, missingRight } from '../src/explain/explanation.ts';
import type { DecisionRecord } from '../src/explain/record.ts';
import { type Answered, Apiserver, type Asked } from './support/apiserver.ts';
import { type GoldenRun, type GoldenStep, goldenFolder, playGolden } from './support/golden.ts';
import { clients, run } from './support/kubectl.ts';

type Explained = DecisionRecord & { whyNot?: Remedy; explanations?: readonly Explanation[] };

/** Impersonation asks for one right after the other, each of which is told when it is missing. */
const MOST_RIGHTS = 12;

/** A server with a request that it answered with 403, however it is spoken to. */
interface Denied {
  kubeconfig: string;
  auditId: string;
  admin(path: string, method?: string): Promise<{ status: number; body: string }>;
  again(): Promise<{ status: number; auditId: string }>;
}

/**
 * Grants what the decision record suggests with `kubectl apply`, until the same request is not refused for a right any
 * more; takes the grants back. Resolves to how many it took, 0 where RBAC had nothing to say of the refusal.
 */
async function grantUntilAllowed(denied: Denied): Promise<number> {
  const { kubectl } = clients();
  const granted: string[] = [];
  const recordOf = async (id: string): Promise<Explained> => {
    const { status, body } = await denied.admin(
      `/sallyport/v1/decisions/${encodeURIComponent(id)}?whyNot=true`,
    );
    expect(status).toBe(200);
    return JSON.parse(body) as Explained;
  };
  let status = 403;
  let { auditId } = denied;
  try {
    while (status === 403) {
      const record = await recordOf(auditId);
      if (record.whyNot === undefined) {
        // Another door's refusal, or one that no RBAC grant would change.
        expect(rbacRefused(record), JSON.stringify(record)).toBe(false);
        return granted.length;
      }
      const { manifest } = record.whyNot;
      expect(manifest, JSON.stringify(record)).toBeDefined();
      expect(granted, JSON.stringify(record)).not.toContain(manifest);
      expect(granted.length).toBeLessThan(MOST_RIGHTS);
      granted.push(manifest!);
      expect(await run(kubectl, denied.kubeconfig, ['apply', '-f', '-'], manifest)).toMatchObject({
        exit: 0,
      });
      ({ status, auditId } = await denied.again());
    }
    return granted.length;
  } finally {
    for (const manifest of granted)
      for (const path of pathsOf(manifest)) expect((await denied.admin(path, 'DELETE')).status).toBe(200);
  }
}

/** Where the objects of a manifest are. */
function pathsOf(manifest: string): string[] {
  return parseAllDocuments(manifest).map((document) => {
    const { kind, metadata } = document.toJS() as {
      kind: string;
      metadata: { name: string; namespace?: string };
    };
    const place = metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`;
    return `/apis/rbac.authorization.k8s.io/v1/${place}${kind.toLowerCase()}s/${encodeURIComponent(metadata.name)}`;
  });
}

function rbacRefused({ authorization, impersonation }: Explained): boolean {
  if (impersonation?.missing) return true;
  if (!authorization || authorization.decision === 'allow') return false;
  return authorization.asked.some(({ by }) => by === 'RBAC');
}

/** Nothing is to come of a request that is let through to see whether it would be. */
function dry(step: GoldenStep): GoldenStep {
  // A watch that is let through has no end of its own.
  if (/[/?&](watch|follow)\b/.test(step.path ?? ''))
    return { ...step, watch: { events: 1, timeoutMs: 1000 } };
  if (!step.path || ['GET', 'HEAD', 'OPTIONS', undefined].includes(step.method)) return step;
  return { ...step, path: `${step.path}${step.path.includes('?') ? '&' : '?'}dryRun=All` };
}

describe('what a decision record suggests makes a refused request pass', () => {
  let server: Apiserver;
  beforeAll(async () => {
    server = await Apiserver.prepare();
    const tokens = join(server.folder, 'tokens.csv');
    writeFileSync(
      tokens,
      'joe-s-token,joe,1,"crew,extra: hands"\nodd-token,"odd: #name\'s",2\nchief-token,chief,3\n',
    );
    await server.run([`--token-auth-file=${tokens}`]);
    await server.ask('/api/v1/namespaces', { method: 'POST', body: { metadata: { name: 'alpha' } } });
    await server.ask('/api/v1/namespaces/alpha/serviceaccounts', {
      method: 'POST',
      body: { metadata: { name: 'robot' } },
    });
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    await server.ask(`${rbac}/namespaces/alpha/roles`, {
      method: 'POST',
      body: {
        metadata: { name: 'reads' },
        rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'] }],
      },
    });
    await server.ask(`${rbac}/namespaces/alpha/rolebindings`, {
      method: 'POST',
      body: {
        metadata: { name: 'joe-reads' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'joe' }],
      },
    });
  });
  afterAll(() => server?.remove());

  const grant = async (path: string, asked: Asked): Promise<number> => {
    const first = await server.ask(path, asked);
    expect(first.status).toBe(403);
    const id = (answer: Answered): string => String(answer.headers['audit-id']);
    return grantUntilAllowed({
      kubeconfig: server.kubeconfig,
      auditId: id(first),
      admin: (admin, method) => server.ask(admin, method === undefined ? {} : { method }),
      again: async () => {
        const answer = await server.ask(path, asked);
        return { status: answer.status, auditId: id(answer) };
      },
    });
  };

  const joe = { token: 'joe-s-token' };
  const pod = { metadata: { generateName: 'p-' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const cases: [string, string, Asked][] = [
    ['a list in a namespace', '/api/v1/namespaces/alpha/pods', joe],
    ['a list everywhere', '/api/v1/pods', joe],
    [
      'a watch of one object',
      '/api/v1/namespaces/alpha/pods?watch=true&fieldSelector=metadata.name=p&timeoutSeconds=1',
      joe,
    ],
    ['a get by name', '/api/v1/namespaces/alpha/secrets/some.name', joe],
    ['a create', '/api/v1/namespaces/alpha/pods?dryRun=All', { ...joe, method: 'POST', body: pod }],
    [
      'a patch of a subresource',
      '/apis/apps/v1/namespaces/alpha/deployments/d/scale',
      {
        ...joe,
        method: 'PATCH',
        body: {},
        headers: { 'content-type': 'application/merge-patch+json' },
      },
    ],
    ['the deletion of a collection', '/api/v1/namespaces/alpha/configmaps', { ...joe, method: 'DELETE' }],
    ['a node', '/api/v1/nodes/n1', joe],
    ['a group that nobody serves', '/apis/example.com/v1/things', joe],
    ['a path', '/metrics', joe],
    ['a path with a blank', '/some%20where/else', joe],
    ['a name that YAML has to quote', '/api/v1/namespaces/alpha/pods', { token: 'odd-token' }],
    ['nobody', '/api/v1/namespaces/alpha/configmaps/true', { anonymous: true }],
    [
      'another user, for whom the caller may not act',
      '/api/v1/namespaces/alpha/configmaps',
      {
        token: 'chief-token',
        headers: {
          'impersonate-user': 'joe',
          'impersonate-group': 'crew',
          'impersonate-extra-colour': 'blue',
        },
      },
    ],
  ];

  it.each(cases)('%s', async (_name, path, asked) => {
    expect(await grant(path, asked)).toBeGreaterThan(0);
  });

  it('a ServiceAccount', async () => {
    const { body } = await server.ask('/api/v1/namespaces/alpha/serviceaccounts/robot/token', {
      method: 'POST',
      body: { spec: {} },
    });
    const token = JSON.parse(body).status.token as string;
    expect(await grant('/api/v1/namespaces/alpha/secrets', { token })).toBe(1);
  });

  it('names the binding that comes closest, only where it is asked to', async () => {
    const { headers } = await server.ask('/api/v1/namespaces/alpha/configmaps', joe);
    const path = `/sallyport/v1/decisions/${headers['audit-id']}`;
    const plain = JSON.parse((await server.ask(path)).body) as Explained;
    expect(plain.authorization?.decision).toBe('noOpinion');
    expect(plain.whyNot).toBeUndefined();
    const { whyNot } = JSON.parse((await server.ask(`${path}?whyNot=true`)).body) as Explained;
    expect(whyNot?.nearMisses[0]).toMatchObject({
      binding: { kind: 'RoleBinding', namespace: 'alpha', name: 'joe-reads' },
      differences: [{ part: 'verb', asked: 'list', held: ['get'] }],
    });
  });

  it('is shown to those whose rights reach the path, and to no others', async () => {
    const list = await server.ask('/sallyport/v1/decisions?limit=2');
    expect(JSON.parse(list.body).items).toHaveLength(2);
    expect((await server.ask('/sallyport/v1/decisions', joe)).status).toBe(403);
    expect((await server.ask('/sallyport/v1/decisions', { method: 'POST', body: {} })).status).toBe(405);
    expect((await server.ask('/sallyport/v1/decisions?limit=none')).status).toBe(400);
    expect((await server.ask('/sallyport/v1/decisions/nobody-knows')).status).toBe(404);
    expect(await grant('/sallyport/v1/decisions', joe)).toBe(1);
  });
});

const golden = goldenFolder();
if (!golden)
  process.stderr.write('skipped: refusals in the recorded suites, as ../shared/golden is not there\n');

const asAdmin = (played: GoldenRun, path: string, method = 'GET', body?: unknown) =>
  played.http({ as: 'admin', method, path, headers: {}, ...(body === undefined ? {} : { body }) });

/** What every explanation is looked at for: words that a template forgot to fill. */
const UNFILLED = /\bundefined\b|\bNaN\b|\[object|\$\{|may not {2}/;

/** The refusals of a suite that is being played, kubectl's too, as the server remembers them. */
class Refusals {
  readonly codes = new Map<string, number>();
  faults: string[] = [];
  readonly #seen = new Set<string>();
  #suite = '';

  begin(suite: string): void {
    this.#suite = suite;
    this.faults = [];
    this.#seen.clear();
  }

  /** Looks at those since the last time; resolves to them. */
  async look(played: GoldenRun): Promise<Explained[]> {
    const listed = await asAdmin(played, '/sallyport/v1/decisions?limit=100');
    // A server that does not run, or is not to know this admin, remembers nothing.
    if (listed.status !== 200) return [];
    const { items } = JSON.parse(listed.body) as { items: Explained[] };
    const fresh = items.filter(({ id, at, request }) => {
      const key = `${id} ${at}`;
      if (this.#seen.has(key) || request.path.startsWith('/sallyport/')) return false;
      this.#seen.add(key);
      return true;
    });
    const refused = fresh.filter(
      ({ status, admission }) =>
        status === 401 || status === 403 || admission?.some(({ outcome }) => outcome === 'denied'),
    );
    const explained: Explained[] = [];
    for (const { id } of refused) {
      const { body } = await asAdmin(played, `/sallyport/v1/decisions/${encodeURIComponent(id)}?whyNot=true`);
      const record = JSON.parse(body) as Explained;
      explained.push(record);
      this.#judge(record);
    }
    return explained;
  }

  #judge({ request, status, explanations = [] }: Explained): void {
    const where = `${this.#suite}: ${request.method} ${request.path} (${status})`;
    if (explanations.length === 0) this.faults.push(`${where} is not explained`);
    for (const { code, what, fix } of explanations) {
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
      if (!documented.has(code)) this.faults.push(`${where}: ${code} is not in docs/codes.md`);
      if (!what || !fix || UNFILLED.test(what) || UNFILLED.test(fix))
        this.faults.push(`${where}: ${code}: ${what}; ${fix}`);
    }
  }
}

const documented: ReadonlySet<string> = new Set(
  [...readFileSync('docs/codes.md', 'utf8').matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code]) => code!),
);

/** Whether a role and binding that were suggested allow what was refused, whoever asks for it. */
async function allowsBy(played: GoldenRun, manifest: string, record: Explained): Promise<boolean> {
  const { kubectl } = clients();
  const applied = await run(
    kubectl,
    played.kubeconfig('admin', 'admin-of-grants'),
    ['apply', '-f', '-'],
    manifest,
  );
  expect(applied).toMatchObject({ exit: 0 });
  const right = missingRight(record)!;
  const { user, verb, namespace, apiGroup, apiVersion, resource, subresource, name, path } = right;
  const attributes = right.isResourceRequest
    ? {
        resourceAttributes: {
          verb,
          namespace,
          group: apiGroup,
          version: apiVersion,
          resource,
          subresource,
          name,
        },
      }
    : { nonResourceAttributes: { path, verb } };
  const review = await asAdmin(played, '/apis/authorization.k8s.io/v1/subjectaccessreviews', 'POST', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: user.name, groups: user.groups, ...attributes },
  });
  for (const at of pathsOf(manifest)) expect((await asAdmin(played, at, 'DELETE')).status).toBe(200);
  return JSON.parse(review.body).status.allowed === true;
}

describe.skipIf(!golden)('what is suggested makes the refused requests of the recorded suites pass', () => {
  const folder = join(golden ?? '', 'suites', 'authorization');
  const suites = golden ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  const refusals = new Refusals();
  let grants = 0;
  let ofKubectl = 0;

  it.each(suites)('%s', { timeout: 600_000 }, async (name) => {
    refusals.begin(name);
    await playGolden(join(folder, name), {
      stepped: async (played, step, denied) => {
        const records = await refusals.look(played);
        for (const { request, auditId } of denied) {
          const again = { ...dry(request) };
          grants += await grantUntilAllowed({
            kubeconfig: played.kubeconfig('admin', 'admin-of-grants'),
            auditId,
            admin: (path, method = 'GET') => asAdmin(played, path, method),
            again: async () => {
              const answer = await played.http(again);
              return { status: answer.status, auditId: answer.headers['audit-id'] ?? '' };
            },
          });
        }
        if (!step.kubectl) return;
        for (const record of records) {
          const { manifest } = record.whyNot ?? {};
          if (!manifest) continue;
          expect(await allowsBy(played, manifest, record), manifest).toBe(true);
          ofKubectl++;
        }
      },
    });
    expect(refusals.faults).toEqual([]);
  });

  it('were not few', () => {
    expect(grants).toBeGreaterThan(80);
    expect(ofKubectl).toBeGreaterThan(0);
  });
});

/** So much of the suites is played every time; all of them with EXPLAIN_ALL=1. */
const EVERY_TIME: ReadonlySet<string> = new Set([
  'bootstrap-tokens.json',
  'errors-401-403.json',
  'impersonation.json',
  'oidc-email-required-algs.json',
  'plugins-optional.json',
  'sa-token-bound.json',
  'webhooks-validating.json',
  'x509-identity.json',
]);

describe.skipIf(!golden)('every refusal of the recorded suites is explained', () => {
  const areas = ['authn', 'jwt-and-webhook', 'serviceaccounts', 'admission'];
  const suites = areas.flatMap((area) =>
    golden
      ? readdirSync(join(golden, 'suites', area))
          .filter((name) => process.env['EXPLAIN_ALL'] || EVERY_TIME.has(name))
          .map((name) => join(area, name))
      : [],
  );
  const refusals = new Refusals();

  it.each(suites)('%s', { timeout: 600_000 }, async (name) => {
    refusals.begin(name);
    await playGolden(join(golden!, 'suites', name), {
      stepped: async (played) => {
        await refusals.look(played);
      },
    });
    expect(refusals.faults).toEqual([]);
  });

  it('by many codes', () => {
    expect(refusals.codes.size).toBeGreaterThan(25);
  });
});
