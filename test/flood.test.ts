import { type ClientHttp2Session, connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Apiserver } from './support/apiserver.ts';
import { clients, run } from './support/kubectl.ts';

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

/** Asks again and again on one connection, `parallel` requests at a time, until it is told to stop. */
class Flood {
  readonly answers = new Map<number, number>();
  refusal: Answer | undefined;
  readonly #session: ClientHttp2Session;
  readonly #headers: Record<string, string>;
  #stopped = false;
  readonly #running: Promise<void>[];

  constructor(port: number, token: string, path: string, parallel: number) {
    this.#session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    this.#headers = { ':path': path, authorization: `Bearer ${token}` };
    this.#running = Array.from({ length: parallel }, async () => {
      while (!this.#stopped) {
        const answer = await this.#ask();
        this.answers.set(answer.status, (this.answers.get(answer.status) ?? 0) + 1);
        if (answer.status === 429) this.refusal ??= answer;
      }
    });
  }

  #ask(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request(this.#headers);
      let head: Record<string, unknown> = {};
      let body = '';
      stream.setEncoding('utf8');
      stream.on('response', (headers) => {
        head = headers;
      });
      stream.on('data', (chunk: string) => {
        body += chunk;
      });
      stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, body }));
      stream.on('error', reject);
      stream.end();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    await new Promise<void>((resolve) => this.#session.close(resolve));
  }
}

describe('a flooded server', () => {
  let server: Apiserver;
  let token: string;
  const floods: Flood[] = [];

  const create = (path: string, body: object) => server.ask(path, { method: 'POST', body });

  beforeAll(async () => {
    server = await Apiserver.prepare();
    // Few seats, so that a small flood fills them.
    await server.run(['--max-requests-inflight=20', '--max-mutating-requests-inflight=10']);
    await create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'everybody-reads' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:serviceaccounts' }],
    });
    await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'flood' } });
    const answered = await create('/api/v1/namespaces/default/serviceaccounts/flood/token', { spec: {} });
    token = JSON.parse(answered.body).status.token;
    for (let i = 0; i < 40; i++)
      await create('/api/v1/namespaces/default/configmaps', {
        metadata: { name: `c${i}` },
        data: { text: 'x'.repeat(2000) },
      });
    for (let i = 0; i < 4; i++)
      floods.push(new Flood(server.port, token, '/api/v1/namespaces/default/configmaps', 240));
    const sum = (status: number): number =>
      floods.reduce((total, { answers }) => total + (answers.get(status) ?? 0), 0);
    for (const deadline = Date.now() + 30_000; sum(200) === 0 || sum(429) === 0; ) {
      if (Date.now() > deadline) throw new Error('the flood is not answered, or all of it is served');
      await new Promise((done) => setTimeout(done, 100));
    }
  });
  afterAll(async () => {
    await Promise.all(floods.map((flood) => flood.stop()));
    await server?.remove();
  });

  it('turns the surplus away with 429, and serves the rest', () => {
    const served = floods.reduce((sum, { answers }) => sum + (answers.get(200) ?? 0), 0);
    const refused = floods.reduce((sum, { answers }) => sum + (answers.get(429) ?? 0), 0);
    expect(served).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    for (const { answers } of floods)
      expect([...answers.keys()].every((status) => status === 200 || status === 429)).toBe(true);
    const { headers, body } = floods.find(({ refusal }) => refusal)!.refusal!;
    expect(body).toBe('Too many requests, please try again later.\n');
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'retry-after': expect.stringMatching(/^\d+$/),
      'x-kubernetes-pf-flowschema-uid': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-kubernetes-pf-prioritylevel-uid': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'audit-id': expect.any(String),
    });
  });

  it('says that it is well, to anybody', async () => {
    for (const path of ['/livez', '/readyz', '/healthz'])
      expect((await server.ask(path, { anonymous: true })).status).toBe(200);
  });

  it('serves other levels: an administrator, and an account of the system', async () => {
    const { exit, stdout } = await run(clients().kubectl, server.kubeconfig, [
      'get',
      'configmaps',
      '-o',
      'name',
    ]);
    expect(exit).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(40);
    const answered = await create('/api/v1/namespaces/kube-system/serviceaccounts/default/token', {
      spec: {},
    });
    const system: string = JSON.parse(answered.body).status.token;
    for (let i = 0; i < 10; i++) {
      const lease = await server.ask('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases', {
        method: 'POST',
        token: system,
        body: { metadata: { name: `lease-${i}` }, spec: { holderIdentity: 'somebody' } },
      });
      expect(lease.status).toBe(201);
    }
  });

  it('keeps the promises of its metrics', async () => {
    const { body } = await server.ask('/metrics');
    const refused = floods.reduce((sum, { answers }) => sum + (answers.get(429) ?? 0), 0);
    const counted =
      /^apiserver_flowcontrol_rejected_requests_total\{priority_level="workload-low",flow_schema="service-accounts",reason="queue-full"\} (\d+)$/m.exec(
        body,
      );
    expect(Number(counted![1])).toBeGreaterThanOrEqual(refused * 0.5);
    expect(body).toMatch(/^apiserver_current_inflight_requests\{request_kind="readOnly"\} \d+$/m);
    const dump = await server.ask('/debug/api_priority_and_fairness/dump_priority_levels');
    expect(dump.body).toMatch(/^workload-low, .*\d+$/m);
  });
});

describe('a server without priority and fairness', () => {
  let server: Apiserver;
  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run(['--enable-priority-and-fairness=false', '--max-requests-inflight=1']);
  });
  afterAll(() => server?.remove());

  it('says nothing of levels and still answers', async () => {
    const { status, headers } = await server.ask('/api/v1/namespaces');
    expect(status).toBe(200);
    expect(Object.keys(headers).some((name) => name.startsWith('x-kubernetes-pf'))).toBe(false);
  });
});
