import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clients, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

/** The walk of the README, by kubectl 1.36 and by whatever kubectl the machine has. */
const own = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return 'kubectl';
  } catch {
    process.stderr.write("skipped: the walk with the machine's own kubectl, as there is none\n");
    return undefined;
  }
})();

const candidates: [string, () => string][] = [
  ['kubectl 1.36', () => clients().kubectl],
  ...(own ? [["the machine's kubectl", () => own] as [string, () => string]] : []),
];

describe.each(candidates)('the walk with %s', (_name, command) => {
  let up: Up;
  let kubectl: (args: string, stdin?: string) => ReturnType<typeof run>;
  beforeAll(async () => {
    const binary = command();
    up = await Up.start();
    kubectl = (args, stdin) => run(binary, up.kubeconfig, args.split(' '), stdin);
  });
  afterAll(() => up?.remove());

  it('says who asks', async () => {
    const { stdout, exit } = await kubectl('auth whoami');
    expect(exit).toBe(0);
    expect(stdout).toContain('kubernetes-admin');
    expect(stdout).toContain('system:masters');
  });

  it('creates, explains, applies, edits and deletes', async () => {
    expect((await kubectl('create namespace demo')).stdout).toBe('namespace/demo created\n');
    const manifest = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: colours\n  namespace: demo\ndata:\n  sky: blue\n`;
    expect((await kubectl('apply -f -', manifest)).stdout).toBe('configmap/colours created\n');
    expect((await kubectl('apply -f -', manifest)).stdout).toBe('configmap/colours unchanged\n');
    expect(
      (await kubectl('apply --server-side --force-conflicts -f -', manifest.replace('blue', 'grey'))).stdout,
    ).toBe('configmap/colours serverside-applied\n');
    expect((await kubectl('-n demo get configmap colours -o jsonpath={.data.sky}')).stdout).toBe('grey');
    expect((await kubectl('explain deployment.spec.replicas')).stdout).toContain('FIELD: replicas <integer>');
    expect((await kubectl('-n demo patch configmap colours -p {"data":{"sea":"green"}}')).stdout).toContain(
      'patched',
    );
    expect((await kubectl('-n demo get configmaps')).stdout).toMatch(/colours +2 /);
  });

  it('refuses what is wrong with a sentence', async () => {
    const bad = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad_Name\n  namespace: demo\n`;
    const { exit, stderr } = await kubectl('create -f -', bad);
    expect(exit).toBe(1);
    expect(stderr).toContain('The ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"');
    const { stderr: unknown } = await kubectl(
      'create -f -',
      bad.replace('Bad_Name', 'good').concat('colour: red\n'),
    );
    expect(unknown).toContain('unknown field "colour"');
  });

  it('lets a ServiceAccount do what a RoleBinding says, and no more', async () => {
    await kubectl('-n demo create serviceaccount reader');
    await kubectl('-n demo create role read --verb=get,list --resource=configmaps');
    await kubectl('-n demo create rolebinding read --role=read --serviceaccount=demo:reader');
    const token = (await kubectl('-n demo create token reader')).stdout.trim();
    const as = `--server=${up.url} --insecure-skip-tls-verify --kubeconfig=/dev/null --token=${token}`;
    expect((await kubectl(`${as} -n demo get configmap colours -o name`)).stdout).toBe('configmap/colours\n');
    const { stderr } = await kubectl(`${as} -n demo get secrets`);
    expect(stderr).toContain(
      'User "system:serviceaccount:demo:reader" cannot list resource "secrets" in API group "" in the namespace "demo"',
    );
    expect(
      (await kubectl('auth can-i list secrets -n demo --as=system:serviceaccount:demo:reader')).stdout,
    ).toBe('no\n');
  });

  it('deletes a namespace with all that is in it', async () => {
    expect((await kubectl('delete namespace demo')).exit).toBe(0);
    expect((await kubectl('get namespace demo')).stderr).toContain('namespaces "demo" not found');
  });

  it('finds everything again, and stops cleanly', async () => {
    await kubectl('create configmap kept --from-literal=a=b');
    expect(await up.end('SIGINT')).toBe(0);
    await up.run();
    expect(up.output).toContain('Everything found');
    expect((await kubectl('get configmap kept -o jsonpath={.data.a}')).stdout).toBe('b');
  });
});
