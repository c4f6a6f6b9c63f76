import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityProvider } from './support/identity-provider.ts';
import { clients, type Ran, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

const MAIN = resolve('dist/cli/main.js');
const CHROMIUM = '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const withBrowser = existsSync(CHROMIUM);
if (!withBrowser) process.stderr.write(`skipped: signing in by a browser, as there is no ${CHROMIUM}\n`);

/** A command on its way, whose output is looked at while it runs. */
class Running {
  stdout = '';
  stderr = '';
  readonly exit: Promise<number>;
  readonly #child: ChildProcess;
  #waiting: (() => void)[] = [];

  constructor(command: string, args: readonly string[], env: Record<string, string>) {
    this.#child = spawn(command, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child.stdout!.on('data', (chunk) => this.#read('stdout', chunk));
    this.#child.stderr!.on('data', (chunk) => this.#read('stderr', chunk));
    this.exit = new Promise((done) => this.#child.once('close', (code) => done(code ?? -1)));
  }

  #read(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString();
    for (const look of this.#waiting.splice(0)) look();
  }

  /** What the pattern's first group matches on standard error, once it does. */
  async told(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.stderr);
      if (match) return match[1]!;
      const more = new Promise<'more'>((done) => this.#waiting.push(() => done('more')));
      const ended = this.exit.then(() => 'ended' as const);
      if ((await Promise.race([more, ended])) === 'ended' && !pattern.test(this.stderr))
        throw new Error(`ended without saying ${pattern}:\n${this.stderr}`);
    }
  }

  stop(): void {
    this.#child.kill();
  }
}

describe.skipIf(!withBrowser)('kubectl with an identity provider', () => {
  let provider: IdentityProvider;
  let up: Up;
  let folder: string;
  let kubectl: string;
  let browser: BrowserContext;
  let caFile: string;
  const running: Running[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-oidc-'));
    kubectl = clients().kubectl;
    provider = await IdentityProvider.start({
      jane: { email: 'jane@example.com', groups: ['developers', 'everybody'] },
      joe: { email: 'joe@example.com', groups: ['everybody'] },
    });
    caFile = join(folder, 'provider-ca.pem');
    writeFileSync(caFile, provider.ca);
    up = await Up.start([
      `--oidc-issuer-url=${provider.issuer}`,
      `--oidc-client-id=${provider.clientId}`,
      `--oidc-ca-file=${caFile}`,
      '--oidc-username-claim=email',
      '--oidc-username-prefix=oidc:',
      '--oidc-groups-claim=groups',
      '--oidc-groups-prefix=oidc:',
    ]);
    browser = await chromium.launchPersistentContext(join(folder, 'browser'), {
      executablePath: CHROMIUM,
      headless: true,
      ignoreHTTPSErrors: true,
      args: ARGS,
    });
    const admin = (args: string): Promise<Ran> => run(kubectl, up.kubeconfig, args.split(' '));
    expect(await admin('create namespace demo')).toMatchObject({ exit: 0 });
    expect(await admin('-n demo create role reader --verb=get,list --resource=configmaps')).toMatchObject({
      exit: 0,
    });
    expect(
      await admin('-n demo create rolebinding developers --role=reader --group=oidc:developers'),
    ).toMatchObject({ exit: 0 });
  });

  afterAll(async () => {
    for (const one of running) one.stop();
    await browser?.close();
    await up?.remove();
    provider?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const loginArgs = (...more: string[]): string[] => [
    MAIN,
    'login',
    `--issuer-url=${provider.issuer}`,
    `--client-id=${provider.clientId}`,
    `--ca-file=${caFile}`,
    `--cache-dir=${join(folder, 'tokens')}`,
    '--no-browser',
    ...more,
  ];

  /** A kubeconfig whose user signs in by `sallyport login`. */
  function kubeconfig(name: string, version: 'v1' | 'v1beta1', ...more: string[]): string {
    const path = join(folder, `${name}.kubeconfig`);
    const exec = {
      apiVersion: `client.authentication.k8s.io/${version}`,
      command: process.execPath,
      args: loginArgs(...more),
      interactiveMode: 'Never',
    };
    const cluster = {
      server: up.url,
      'certificate-authority-data': Buffer.from(readFileSync(join(up.folder, 'pki', 'ca.crt'))).toString(
        'base64',
      ),
    };
    writeFileSync(
      path,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'here', cluster }],
        users: [{ name: 'me', user: { exec } }],
        contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
        'current-context': 'here',
      }),
    );
    return path;
  }

  function begin(command: string, args: readonly string[], config = ''): Running {
    const one = new Running(command, args, {
      KUBECONFIG: config,
      HOME: folder,
      KUBECACHEDIR: join(folder, 'cache'),
    });
    running.push(one);
    return one;
  }

  /** What a person does at the provider's pages: the name, any password, and yes. */
  async function signIn(url: string, login: string): Promise<string> {
    const page = await browser.newPage();
    try {
      await page.goto(url);
      for (let steps = 0; steps < 6; steps++) {
        const name = page.locator('input[name=login]');
        if (await name.count()) {
          await name.fill(login);
          await page.locator('input[name=password]').fill('any');
        }
        const submit = page.locator('button[type=submit]').first();
        if (!(await submit.count())) break;
        await Promise.all([page.waitForLoadState('load'), submit.click()]);
        await page.waitForLoadState('networkidle');
      }
      return (await page.locator('body').textContent()) ?? '';
    } finally {
      await page.close();
      await browser.clearCookies();
    }
  }

  it('signs in by a browser, and RBAC sees the group', async () => {
    const kubectlRun = begin(
      kubectl,
      ['-n', 'demo', 'get', 'configmaps', '-o', 'name'],
      kubeconfig('jane', 'v1'),
    );
    const url = await kubectlRun.told(/Sign in at (https:\S+)/);
    expect(await signIn(url, 'jane')).toContain('You are signed in');
    expect(await kubectlRun.exit).toBe(0);
    expect(kubectlRun.stdout).toContain('configmap/kube-root-ca.crt');
  });

  it('keeps tokens for nobody but their owner', () => {
    const tokens = join(folder, 'tokens');
    expect(statSync(tokens).mode & 0o777).toBe(0o700);
    const files = readdirSync(tokens);
    expect(files).toHaveLength(1);
    for (const file of files) expect(statSync(join(tokens, file)).mode & 0o777).toBe(0o600);
  });

  it('refreshes without a person from then on, many at once too', async () => {
    const config = kubeconfig('jane-silent', 'v1beta1', '--no-sign-in');
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        run(kubectl, config, [
          'auth',
          'whoami',
          '-o',
          'jsonpath={.status.userInfo.username} {.status.userInfo.groups}',
        ]),
      ),
    );
    for (const { exit, stdout, stderr } of answers) {
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      expect(stdout).toBe(
        'oidc:jane@example.com ["oidc:developers","oidc:everybody","system:authenticated"]',
      );
    }
  });

  it('is refused by name what no role gives', async () => {
    const { exit, stderr } = await run(kubectl, kubeconfig('jane-silent', 'v1', '--no-sign-in'), [
      '-n',
      'demo',
      'get',
      'secrets',
    ]);
    expect(exit).toBe(1);
    expect(stderr).toContain(
      'secrets is forbidden: User "oidc:jane@example.com" cannot list resource "secrets" in API group "" in the namespace "demo"',
    );
  });

  it('goes on when the provider exchanges its keys', async () => {
    provider.rotateKeys();
    const { exit, stdout } = await run(kubectl, kubeconfig('jane-silent', 'v1', '--no-sign-in'), [
      '-n',
      'demo',
      'get',
      'configmaps',
      '-o',
      'name',
    ]);
    expect(exit).toBe(0);
    expect(stdout).toContain('configmap/kube-root-ca.crt');
  });

  it('signs in by a code typed in on another device; another group, other rights', async () => {
    const device = begin(process.execPath, loginArgs('--flow=device', `--cache-dir=${join(folder, 'joe')}`));
    const url = await device.told(/or at (https:\S+)/);
    await signIn(url, 'joe');
    expect(await device.exit).toBe(0);
    expect(device.stdout).toContain(`the ID token of ${provider.issuer} is good until`);
    const config = kubeconfig('joe', 'v1', '--no-sign-in', `--cache-dir=${join(folder, 'joe')}`);
    const { exit, stderr } = await run(kubectl, config, ['-n', 'demo', 'get', 'configmaps']);
    expect(exit).toBe(1);
    expect(stderr).toContain('User "oidc:joe@example.com" cannot list resource "configmaps"');
  });

  it('says of a token what it is, and who would take it', async () => {
    const [file] = readdirSync(join(folder, 'joe'));
    const { idToken } = JSON.parse(readFileSync(join(folder, 'joe', file!), 'utf8'));
    const path = join(folder, 'joe.token');
    writeFileSync(path, idToken);
    const inspect = (...args: string[]): Promise<Ran> =>
      run(process.execPath, up.kubeconfig, [MAIN, 'token', 'inspect', `--file=${path}`, ...args]);
    const flags = [
      `--oidc-issuer-url=${provider.issuer}`,
      `--oidc-ca-file=${caFile}`,
      '--oidc-username-claim=email',
    ];
    const taken = await inspect(
      `--kubeconfig=${up.kubeconfig}`,
      `--oidc-client-id=${provider.clientId}`,
      ...flags,
    );
    expect(taken).toMatchObject({ exit: 0, stderr: '' });
    expect(taken.stdout).toContain('user   "oidc:joe@example.com"');
    expect(taken.stdout).toContain('ok     signature by a key of the issuer');
    expect(taken.stdout).not.toContain(idToken);
    const refused = await inspect('--oidc-client-id=somebody-else', ...flags);
    expect(refused.exit).toBe(1);
    expect(refused.stdout).toContain('FAILED audience');
    expect(refused.stdout).toContain('oidc: expected audience "somebody-else" got ["kubernetes"]');
  });

  it('locks out whom the provider does not know any more', async () => {
    provider.revoke('jane');
    const { exit, stderr } = await run(kubectl, kubeconfig('jane-silent', 'v1', '--no-sign-in'), [
      'auth',
      'whoami',
    ]);
    expect(exit).toBe(1);
    expect(stderr).toContain('The sign-in of before does not hold any more (invalid_grant');
    expect(stderr).toContain('a person has to sign in');
    expect(readdirSync(join(folder, 'tokens'))).toEqual([]);
  });
});
