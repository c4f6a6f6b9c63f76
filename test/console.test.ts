import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Apiserver } from './support/apiserver.ts';
import {
  browserIsHere,
  consoleCommand,
  launch,
  newLink,
  playScene,
  type Watched,
  watchedPage,
} from './support/console-scene.ts';
import { clients, run } from './support/kubectl.ts';
import { Up } from './support/up.ts';

if (!browserIsHere) process.stderr.write('skipped: the console in a browser, as there is no chromium\n');
/** Where the pictures of the documentation go; without it they are only looked at. */
const PICTURES = process.env['SALLYPORT_PICTURES'];

describe.skipIf(!browserIsHere)('the console', () => {
  let up: Up;
  let kubectl: string;
  let browser: Browser;
  let token: string;
  const open: Watched[] = [];

  beforeAll(async () => {
    kubectl = clients().kubectl;
    up = await Up.start();
    browser = await launch();
    token = await playScene(up, kubectl);
  });
  afterEach(async () => {
    for (const { context, complaints, asked } of open.splice(0)) {
      await context.close();
      expect(complaints).toEqual([]);
      expect(asked.filter((url) => !url.startsWith(`${up.url}/`) && !url.startsWith('data:'))).toEqual([]);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await up?.remove();
  });

  async function newPage(options?: Parameters<typeof watchedPage>[1]): Promise<Watched> {
    const watched = await watchedPage(browser, options);
    open.push(watched);
    return watched;
  }
  async function signedIn(options?: Parameters<typeof watchedPage>[1]): Promise<Watched> {
    const watched = await newPage(options);
    await watched.page.goto(await newLink(up));
    await watched.page.locator('.request-row').first().waitFor();
    return watched;
  }
  const rows = (page: Page): Promise<string[]> => page.locator('.request-row .row-what').allInnerTexts();
  const byToken = async (page: Page, secret: string): Promise<void> => {
    await page.goto(`${up.url}/console`);
    await page.getByLabel('Bearer token').fill(secret);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  describe('lets in', () => {
    it('whoever opens the link that sallyport up prints, once', async () => {
      const link = /https:\S+#login=\S+/.exec(up.output)![0];
      const { page } = await newPage();
      await page.goto(link);
      await page.locator('.request-row').first().waitFor();
      expect(await page.locator('.me').textContent()).toBe('kubernetes-admin');
      expect(page.url()).not.toContain('sallyport-link');
      // What a history or another tab might still hold is good for nothing.
      const second = await newPage();
      await second.page.goto(link);
      await second.page.getByText('it has been used, or has expired').waitFor();
      await page.reload();
      await page.locator('.request-row').first().waitFor();
    });

    it('whoever has a link of sallyport console, and nobody after signing out', async () => {
      const { page, context } = await signedIn();
      const secret = await page.evaluate('JSON.parse(sessionStorage.getItem("sallyport-session")).token');
      expect(await context.cookies()).toEqual([]);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Bearer token').waitFor();
      await byToken(page, String(secret));
      await page.getByText('Nobody here knows this token').waitFor();
    });

    it('nobody by a made-up link or token', async () => {
      const { page } = await newPage();
      await page.goto(`${up.url}/console#login=sallyport-link-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`);
      await page.getByText('it has been used, or has expired').waitFor();
      await byToken(page, 'nonsense');
      await page.getByText('Nobody here knows this token').waitFor();
      expect(await page.locator('.request-row').count()).toBe(0);
    });

    it('those who lack rights as far as to see which, and all the way with them', async () => {
      const { page } = await newPage();
      await byToken(page, token);
      await page.getByText('You may not see requests').waitFor();
      const commands = (await page.locator('.missing pre').textContent())!;
      expect(commands).toContain('--serviceaccount=dev:deployer');
      for (const command of commands.split('\n')) {
        const args = command
          .replace(/^kubectl /, '')
          .replaceAll("'", '')
          .split(' ');
        expect(await run(kubectl, up.kubeconfig, args)).toMatchObject({ exit: 0 });
      }
      await byToken(page, token);
      await page.locator('.request-row').first().waitFor();
      expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
    });

    it('a session no further than to what the console shows', async () => {
      const { page } = await signedIn();
      const secret = String(
        await page.evaluate('JSON.parse(sessionStorage.getItem("sallyport-session")).token'),
      );
      const status = async (path: string): Promise<number> =>
        (
          await page.request.get(`${up.url}${path}`, { headers: { authorization: `Bearer ${secret}` } })
        ).status();
      expect([await status('/sallyport/v1/decisions'), await status('/api/v1/secrets')]).toEqual([200, 401]);
    });
  });

  describe('shows requests', () => {
    it('that come while one looks, and not while paused', async () => {
      const { page } = await signedIn();
      await run(kubectl, up.kubeconfig, ['get', 'configmap', 'live-one']);
      await page.locator('.row-what', { hasText: 'live-one' }).waitFor();
      await page.keyboard.press('p');
      await run(kubectl, up.kubeconfig, ['get', 'configmap', 'live-two']);
      await page.getByText(/paused, \d+ came since/).waitFor();
      expect((await rows(page)).join()).not.toContain('live-two');
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.locator('.row-what', { hasText: 'live-two' }).waitFor();
    });

    it('by what, user, verdict and door', async () => {
      const { page } = await signedIn();
      const all = (await rows(page)).length;
      await page.getByLabel('What').fill('pods');
      expect((await rows(page)).every((text) => text.includes('pods'))).toBe(true);
      await page.getByLabel('User').fill('developers');
      expect((await rows(page)).map((text) => text.split(' ')[0]).sort()).toEqual(['delete', 'list']);
      await page.getByLabel('Verdict').selectOption('Turned away');
      expect(await rows(page)).toHaveLength(1);
      await page.getByRole('button', { name: 'Clear' }).click();
      expect((await rows(page)).length).toBeGreaterThanOrEqual(all);
      await page.getByRole('button', { name: /^Admission/ }).click();
      expect(await rows(page)).toEqual([expect.stringContaining('QUOTA_EXCEEDED')]);
      await page.getByLabel('What').fill('no such thing');
      await page.getByText('No request of those kept fits').waitFor();
    });

    it('moving where movement is wanted, and standing still where not', async () => {
      const still = await signedIn();
      const moving = await signedIn({ reducedMotion: 'no-preference' });
      const count =
        'window.seen = 0; new MutationObserver(() => window.seen++).observe(document.querySelector(".lane"), { childList: true })';
      for (const { page } of [still, moving]) await page.evaluate(count);
      await run(kubectl, up.kubeconfig, ['get', 'configmap', 'mover']);
      for (const { page } of [still, moving]) await page.locator('.row-what', { hasText: 'mover' }).waitFor();
      expect(await moving.page.evaluate('window.seen > 0')).toBe(true);
      expect(await still.page.evaluate('window.seen')).toBe(0);
    });

    it('as a tree, with what came near and what would help', async () => {
      const { page, context } = await signedIn();
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.getByLabel('What').fill('delete pods');
      await page.locator('.request-row').first().click();
      const tree = page.getByRole('region', { name: 'The way through the doors' });
      await tree.waitFor();
      const text = await tree.textContent();
      for (const words of ['X509_VERIFIED', 'jane', 'RBAC_NO_RULE', 'Nearly:', 'µs', 'not reached'])
        expect(text).toContain(words);
      await page.locator('.remedy').getByRole('button', { name: 'Copy' }).first().click();
      expect(await page.evaluate('navigator.clipboard.readText()')).toContain('kubectl create role');
      await page.getByRole('button', { name: 'Copy link' }).click();
      const link = String(await page.evaluate('navigator.clipboard.readText()'));
      const other = await signedIn();
      await other.page.goto(link);
      await other.page.getByRole('heading', { name: 'delete pods web in dev' }).waitFor();
      await other.page.goto(`${up.url}/console#/requests/not-there`);
      await other.page.getByText('not kept any more').waitFor();
    });

    it('of people whose names are no markup', async () => {
      const { page } = await signedIn();
      const as = '--as=<img src=x onerror=alert(1)>';
      await run(kubectl, up.kubeconfig, [as, 'get', '--raw=/api/v1/namespaces/dev/pods/%E2%80%AEevil']);
      await page.getByLabel('User').fill('<img');
      await page.locator('.row-who', { hasText: '<img src=x' }).first().waitFor();
      // What turns the direction of a line is made to show.
      expect(await page.locator('.row-what').first().textContent()).toContain('\ufffdevil');
      await page.locator('.request-row').first().click();
      await page.locator('.tree').waitFor();
      await page.goto(`${up.url}/console#/identities`);
      await page.getByText('<img src=x').first().waitFor();
      expect(await page.locator('img').count()).toBe(0);
    });
  });

  it('shows identities, what ends when, and who may do what', async () => {
    const { page } = await signedIn();
    await page.keyboard.press('2');
    await page.getByRole('heading', { name: 'Identities' }).waitFor();
    const identities = await page.locator('table').textContent();
    for (const words of ['kubernetes-admin', 'client certificate', 'ServiceAccount token', 'asked for by'])
      expect(identities).toContain(words);
    await page.keyboard.press('3');
    await page.getByText('--tls-cert-file').waitFor();
    expect(await page.locator('#main').textContent()).toMatch(/CN=kube-apiserver[\s\S]*in 36\d days/);
    expect(await page.content()).not.toContain('PRIVATE KEY');
    await page.keyboard.press('4');
    await page.getByLabel('Namespace').selectOption('dev');
    const cell = page.getByRole('button', { name: 'User jane may list pods' });
    await cell.click();
    expect(await page.locator('.ways').textContent()).toContain('RoleBinding dev/readers gives Role readers');
    expect(await page.getByRole('button', { name: 'User jane may delete pods' }).count()).toBe(0);
    await page.keyboard.press('ArrowLeft');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      'User jane may get pods',
    );
    await page.getByLabel('Resource').fill('nonsense');
    await page.keyboard.press('Tab');
    await page.getByText('This server has no resource nonsense').waitFor();
  });

  it('inspects what is pasted without asking anybody', async () => {
    const { page, asked } = await signedIn();
    await page.keyboard.press('5');
    const field = page.getByLabel('Paste it here');
    await field.waitFor();
    const before = asked.length;
    await page.context().setOffline(true);
    await field.fill(token);
    await page.getByText('A ServiceAccount token').waitFor();
    await field.fill(readFileSync(join(up.folder, 'pki', 'apiserver.crt'), 'utf8'));
    await page.getByText('A certificate for servers').or(page.getByText('A server certificate')).waitFor();
    await field.fill(readFileSync(up.kubeconfig, 'utf8'));
    await page.getByText('It holds a private key').waitFor();
    expect(await page.locator('.inspection-place').textContent()).toContain('kubernetes-admin');
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(asked.slice(before)).toEqual([]);
    await page.context().setOffline(false);
  });

  it('can be walked by keyboard alone', async () => {
    const { page } = await signedIn();
    const focused = (): Promise<unknown> =>
      page.evaluate('document.activeElement.className || document.activeElement.tagName');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('skip');
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.id')).toBe('filter-what');
    await page.keyboard.type('pods');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate('document.activeElement === document.querySelector(".request-row")')).toBe(
      true,
    );
    await page.keyboard.press('Enter');
    await page.locator('.tree').waitFor();
    const first = page.url();
    await page.keyboard.press(']');
    await page.waitForFunction(`location.href !== ${JSON.stringify(first)}`);
    await page.keyboard.press('u');
    await page.locator('.request-row').first().waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('pause and go on').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('is light or dark as the system is, until told', async () => {
    const background = 'getComputedStyle(document.documentElement).backgroundColor';
    const { page } = await signedIn({ colorScheme: 'dark' });
    const dark = await page.evaluate(background);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await page.evaluate(background);
    expect(light).not.toBe(dark);
    await page.getByRole('button', { name: /^Colours/ }).click();
    await page.getByRole('button', { name: 'Colours: light' }).click();
    expect(await page.evaluate(background)).toBe(dark);
    await page.reload();
    await page.locator('.request-row').first().waitFor();
    expect(await page.evaluate(background)).toBe(dark);
  });

  it('fits a phone, in every view', async () => {
    const { page } = await signedIn({ viewport: { width: 390, height: 844 } });
    for (const path of ['', 'identities', 'certificates', 'who-can', 'inspect']) {
      await page.goto(`${up.url}/console#/${path}`);
      await page.waitForTimeout(300);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect([path, width]).toEqual([path, 390]);
    }
  });

  it('has its pictures taken', async () => {
    const folder = PICTURES ?? mkdtempSync(join(tmpdir(), 'sallyport-pictures-'));
    const taken: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [size, viewport] of [
        ['', { width: 1440, height: 900 }],
        ['-phone', { width: 390, height: 844 }],
      ] as const) {
        const { page } = await signedIn({ colorScheme, viewport });
        const shot = async (name: string): Promise<void> => {
          await page.waitForTimeout(400);
          const path = join(folder, `console-${name}${size}-${colorScheme}.png`);
          await page.screenshot({ path });
          taken.push(path);
        };
        // A folder of the test's own would tell nobody anything.
        await page.route('**/sallyport/v1/certificates', async (route) => {
          const answer = await route.fetch();
          await route.fulfill({
            response: answer,
            body: (await answer.text()).replaceAll(up.folder, 'sallyport-data'),
          });
        });
        await shot('doors');
        await page.getByLabel('What').fill('delete pods');
        await page.locator('.request-row').first().click();
        await page.locator('.tree').waitFor();
        await shot('request');
        for (const name of ['identities', 'certificates', 'who-can']) {
          await page.goto(`${up.url}/console#/${name}`);
          if (name === 'who-can') {
            await page.getByLabel('Namespace').selectOption('dev');
            await page.getByRole('button', { name: 'User jane may list pods' }).click();
          }
          await shot(name);
        }
        await page.goto(`${up.url}/console#/inspect`);
        const certificate = /client-certificate-data: (\S+)/.exec(readFileSync(up.kubeconfig, 'utf8'))![1]!;
        await page.getByLabel('Paste it here').fill(Buffer.from(certificate, 'base64').toString());
        await page.getByText('A client certificate').waitFor();
        await shot('inspect');
      }
    }
    // A page on which nothing is drawn takes a few thousand bytes.
    const empty = taken.filter((path) => statSync(path).size < 20_000);
    if (!PICTURES) rmSync(folder, { recursive: true });
    expect([taken.length, empty]).toEqual([24, []]);
  });
});

describe('without --console', () => {
  let server: Apiserver;
  beforeAll(async () => {
    server = await Apiserver.prepare();
    await server.run([]);
  });
  afterAll(() => server?.remove());

  it('the server has no such page, and no path of it', async () => {
    for (const path of [
      '/console',
      '/console/',
      '/console/index.html',
      '/sallyport/v1/console',
      '/sallyport/v1/who-can',
    ])
      expect(await server.ask(path)).toMatchObject({ status: 404, body: '404 page not found\n' });
    const unknown = await server.ask('/unknown');
    const page = await server.ask('/console');
    expect(Object.keys(page.headers)).toEqual(Object.keys(unknown.headers));
    expect(await server.ask('/console', { anonymous: true })).toMatchObject({ status: 403 });
    expect(await server.ask('/version', { token: 'sallyport-console-x' })).toMatchObject({ status: 401 });
  });

  it('the command says how there would be one', async () => {
    expect(await consoleCommand(server.kubeconfig)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining('start it with --console'),
    });
  });
});
