import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterClient } from './cluster-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
const kubeconfig = join(folder, 'config');
const seen: string[] = [];
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.headers.authorization} ${request.url}`);
    const page = request.url!.includes('continue=next') ? 2 : 1;
    const isList = request.url!.startsWith('/base/apis/rbac.authorization.k8s.io/v1/roles?');
    response.statusCode = isList ? 200 : 403;
    const list = {
      kind: 'RoleList',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: page === 1 ? { continue: 'next' } : {},
      items: [{ metadata: { name: `role-${page}` } }],
    };
    response.end(JSON.stringify(isList ? list : { kind: 'Status', message: 'roles is forbidden: no' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: url } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('ClusterClient', () => {
  it('reads a list page by page and gives items their kind', async () => {
    const client = new ClusterClient(kubeconfig);
    const roles = await client.list('/apis/rbac.authorization.k8s.io/v1/roles');
    client.close();
    expect(roles).toMatchObject([
      { kind: 'Role', metadata: { name: 'role-1' } },
      { kind: 'Role', metadata: { name: 'role-2' } },
    ]);
    expect(seen).toEqual([
      'Bearer secret /base/apis/rbac.authorization.k8s.io/v1/roles?limit=500',
      'Bearer secret /base/apis/rbac.authorization.k8s.io/v1/roles?limit=500&continue=next',
    ]);
  });

  it("passes the server's own words on", async () => {
    const client = new ClusterClient(kubeconfig);
    await expect(client.get('/apis/other')).rejects.toThrow('roles is forbidden: no');
    client.close();
  });

  it('knows its contexts', () => {
    expect(() => new ClusterClient(kubeconfig, 'nope')).toThrow('context "nope" does not exist');
  });
});
