import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { run } from './kubectl.ts';
import type { Up } from './up.ts';

const CHROMIUM = '/usr/bin/chromium';
export const browserIsHere = existsSync(CHROMIUM);
const MAIN = resolve('dist/cli/main.js');

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** What `sallyport console` prints. */
export function consoleCommand(
  kubeconfig: string,
  ...more: string[]
): Promise<{ exit: number; stdout: string; stderr: string }> {
  return new Promise((done) =>
    execFile(
      process.execPath,
      [MAIN, 'console', `--kubeconfig=${kubeconfig}`, ...more],
      (error, stdout, stderr) =>
        done({ exit: error ? ((error as { code?: number }).code ?? -1) : 0, stdout, stderr }),
    ),
  );
}

/** A new link, as the administrator. */
export async function newLink(up: Up): Promise<string> {
  const { stdout } = await consoleCommand(up.kubeconfig, '-o', 'json');
  return (JSON.parse(stdout) as { url: string }).url;
}

/** A page, with everything it complained of and every address it asked. */
export interface Watched {
  page: Page;
  context: BrowserContext;
  complaints: string[];
  asked: string[];
}

export async function watchedPage(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    // A refusal that a test provokes is told on the console by the browser itself.
    if (!/Failed to load resource: the server responded with a status of 40[134]/.test(message.text()))
      complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  return { page, context, complaints, asked };
}

/** People, rights and requests that are let in and turned away for several reasons. Resolves to the deployer's token. */
export async function playScene(up: Up, kubectl: string): Promise<string> {
  const as = async (args: string): Promise<string> =>
    (await run(kubectl, up.kubeconfig, args.split(' '))).stdout.trim();
  const by = (token: string, args: string): Promise<string> =>
    as(`--kubeconfig=/dev/null --server=${up.url} --insecure-skip-tls-verify --token=${token} ${args}`);
  await as('create namespace dev');
  await as('-n dev create serviceaccount deployer');
  await as('-n dev create role readers --verb=get,list --resource=pods,configmaps');
  await as('-n dev create rolebinding readers --role=readers --user=jane --group=developers');
  await as('-n dev create rolebinding deployers --clusterrole=edit --serviceaccount=dev:deployer');
  await as('create clusterrolebinding view-all --clusterrole=view --group=auditors');
  const token = await as('-n dev create token deployer');
  await by(token, '-n dev create configmap settings --from-literal=a=b');
  await by(token, '-n dev get configmaps');
  await by(token, '-n payments get secrets');
  await by('nonsense', 'get pods');
  await as('--as=jane --as-group=developers -n dev get pods');
  await as('--as=jane --as-group=developers -n dev delete pod web');
  await as('-n dev create quota small --hard=configmaps=2');
  await by(token, '-n dev create configmap one-too-many --from-literal=a=b');
  await by(await as('-n dev create token deployer --audience=vault'), 'get nodes');
  await by(token, '-n dev get configmap settings');
  return token;
}
