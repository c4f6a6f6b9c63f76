import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { registerRights } from './rights.ts';
import { questionOf, registerWhoCan } from './who-can.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MANIFEST = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: edits, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
`;
writeFileSync(join(folder, 'binding.yaml'), MANIFEST);

async function run(...args: string[]): Promise<string> {
  let written = '';
  const program = new Command().exitOverride();
  registerWhoCan(program, (text) => (written += text));
  registerRights(program, (text) => (written += text));
  await program.parseAsync(args, { from: 'user' });
  return written;
}

describe('who-can', () => {
  it('prints everybody with binding and role', async () => {
    const lines = (await run('who-can', 'create', 'deploy', '-n', 'shop', '--from', folder)).split('\n');
    expect(lines[0]).toMatch(/^SUBJECT +NAMESPACE +BINDING +ROLE +RULE$/);
    expect(lines.find((line) => line.startsWith('User jane'))).toMatch(
      /shop +RoleBinding shop\/edits +ClusterRole edit/,
    );
  });

  it('reads resources, names and URLs', () => {
    expect(questionOf('get', 'deploy/web', { namespace: 'x' })).toMatchObject({
      group: 'apps',
      resource: 'deployments',
      name: 'web',
      namespace: 'x',
    });
    expect(questionOf('get', 'nodes', { namespace: 'x' })).toMatchObject({
      resource: 'nodes',
      namespace: '',
    });
    expect(questionOf('get', 'things.example.com', { allNamespaces: true })).toMatchObject({
      group: 'example.com',
      namespace: '*',
    });
    expect(questionOf('get', '/metrics', {})).toEqual({ verb: 'get', path: '/metrics' });
  });
});

describe('rights', () => {
  it('lists what somebody may do', async () => {
    expect(await run('rights', 'of', 'jane', '-n', 'shop', '--from', folder)).toMatch(
      /shop +.*secrets.*RoleBinding shop\/edits/,
    );
  });

  it('compares two sets of manifests', async () => {
    const after = join(folder, 'after.yaml');
    writeFileSync(after, MANIFEST.replace('name: edit}', 'name: admin}').replace('edits', 'admins'));
    const text = await run('rights', 'diff', join(folder, 'binding.yaml'), after);
    expect(text).toContain('+ User jane  shop  by RoleBinding shop/admins of ClusterRole admin');
    expect(text).not.toMatch(/^- /m);
  });
});
