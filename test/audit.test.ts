import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Apiserver } from './support/apiserver.ts';

const REQUESTS = 10_000;
const CONNECTIONS = 32;

interface AuditLine {
  auditID: string;
  stage: string;
  level: string;
  verb: string;
  requestObject?: unknown;
  responseStatus?: { code: number };
}

const lines = (path: string): AuditLine[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditLine);

/** Many requests over few connections, as the administrator. */
function caller(server: Apiserver) {
  const config = parse(readFileSync(server.kubeconfig, 'utf8'));
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  const agent = new Agent({
    ca: decode(config.clusters[0].cluster['certificate-authority-data']),
    cert: decode(config.users[0].user['client-certificate-data']),
    key: decode(config.users[0].user['client-key-data']),
    keepAlive: true,
    maxSockets: CONNECTIONS,
  });
  const ask = (id: string): Promise<number> =>
    new Promise((done, fail) => {
      const sent = request(
        `${server.url}/api/v1/namespaces/default`,
        { agent, headers: { 'audit-id': id } },
        (answer) => {
          answer.on('data', () => {}).on('error', fail);
          answer.on('end', () => done(answer.statusCode!));
        },
      );
      sent.on('error', fail);
      sent.end();
    });
  return { ask, close: () => agent.destroy() };
}

describe('audit of a running server', () => {
  let server: Apiserver | undefined;
  afterEach(() => server?.remove());

  async function start(policy: unknown, ...flags: string[]): Promise<{ log: string; policyFile: string }> {
    server = await Apiserver.prepare();
    const log = join(server.folder, 'audit', 'audit.log');
    const policyFile = join(server.folder, 'policy.json');
    writeFileSync(policyFile, JSON.stringify(policy));
    await server.run([`--audit-policy-file=${policyFile}`, `--audit-log-path=${log}`, ...flags]);
    return { log, policyFile };
  }

  const POLICY = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  };

  it(`has the event of each of ${REQUESTS} answered requests, though the server is killed`, async () => {
    const { log } = await start(POLICY, '--audit-log-mode=blocking', '--audit-log-maxsize=0');
    const { ask, close } = caller(server!);
    const answered = new Set<string>();
    let next = 0;
    let dead = false;
    const worker = async (): Promise<void> => {
      while (!dead) {
        const id = `request-${next++}`;
        const status = await ask(id).catch(() => undefined);
        if (status === undefined) return;
        answered.add(id);
        // The rest are on their way when it is killed.
        if (answered.size === REQUESTS) {
          dead = true;
          await server!.end('SIGKILL');
        }
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    close();
    const written = new Set(
      readFileSync(log, 'utf8')
        .split('\n')
        // The last line may have been cut off by the kill: nobody was told of its request.
        .flatMap((line) => {
          try {
            return [(JSON.parse(line) as AuditLine).auditID];
          } catch {
            return [];
          }
        }),
    );
    expect(answered.size).toBeGreaterThanOrEqual(REQUESTS);
    expect([...answered].filter((id) => !written.has(id))).toEqual([]);
  });

  it('puts files aside, and keeps every event of a request in order', async () => {
    const { log } = await start(POLICY, '--audit-log-maxsize=1', '--audit-log-maxbackup=0');
    const { ask, close } = caller(server!);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 4000) await ask(`rotated-${next++}`);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    close();
    await server!.end();
    const folder = join(log, '..');
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(1);
    const ids = files.flatMap((file) => lines(join(folder, file)).map((line) => line.auditID));
    const seen = new Set(ids);
    for (let i = 0; i < 4000; i++) expect(seen.has(`rotated-${i}`)).toBe(true);
  });

  it('takes up a changed policy, and keeps the old one where the new one is bad', async () => {
    const { log, policyFile } = await start(POLICY);
    const levelOf = async (id: string): Promise<string | undefined> => {
      await server!.ask('/api/v1/namespaces/default', { headers: { 'audit-id': id } });
      return lines(log).find((line) => line.auditID === id)?.level;
    };
    expect(await levelOf('first')).toBe('Metadata');
    writeFileSync(
      policyFile,
      '{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Everything"}]}',
    );
    await server!.says('the audit policy before stays in force');
    expect(await levelOf('second')).toBe('Metadata');
    writeFileSync(policyFile, JSON.stringify({ ...POLICY, rules: [{ level: 'RequestResponse' }] }));
    await server!.says(' reloaded path');
    expect(await levelOf('third')).toBe('RequestResponse');
  });

  it('shows no token that could be used', async () => {
    const { log } = await start({ ...POLICY, rules: [{ level: 'RequestResponse' }] });
    const path = '/api/v1/namespaces/default/serviceaccounts';
    await server!.ask(path, { method: 'POST', body: { metadata: { name: 'robot' } } });
    const made = await server!.ask(`${path}/robot/token`, { method: 'POST', body: { spec: {} } });
    const { token } = JSON.parse(made.body).status;
    const review = await server!.ask('/apis/authentication.k8s.io/v1/tokenreviews', {
      method: 'POST',
      body: { spec: { token } },
    });
    expect(JSON.parse(review.body).status.authenticated).toBe(true);
    const text = readFileSync(log, 'utf8');
    expect(text).toContain('TokenRequest');
    expect(text).toContain('TokenReview');
    expect(text).not.toContain(token.split('.')[2]);
  });

  it.each([
    ['no such file', undefined, 'loading audit policy file: failed to read file path'],
    [
      'no rules',
      { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [] },
      'loaded illegal policy with 0 rules: from file',
    ],
    ['another level', { ...POLICY, rules: [{ level: 'All' }] }, 'rules[0].level: Unsupported value: "All"'],
    [
      'another version',
      { ...POLICY, apiVersion: 'audit.k8s.io/v1beta1' },
      'no kind "Policy" is registered for version "audit.k8s.io/v1beta1"',
    ],
  ])('does not start with %s', async (_name, policy, words) => {
    server = await Apiserver.prepare();
    const file = join(server.folder, 'policy.json');
    if (policy) writeFileSync(file, JSON.stringify(policy));
    const code = await server.refuse([
      `--audit-policy-file=${file}`,
      `--audit-log-path=${join(server.folder, 'audit.log')}`,
    ]);
    expect(code).not.toBe(0);
    expect(server.output).toContain(words);
  });
});
