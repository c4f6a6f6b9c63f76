import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Exchange, ResponseHeaders } from '../server/exchange.ts';
import { ConsoleAssets } from './assets.ts';

let folder: string;
let assets: ConsoleAssets;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-assets-'));
  mkdirSync(join(folder, 'console'));
  writeFileSync(join(folder, 'secret.js'), 'no');
  writeFileSync(join(folder, 'console', 'index.html'), '<title>console</title>');
  writeFileSync(join(folder, 'console', 'console-ABCDEFG2.js'), 'run()');
  writeFileSync(join(folder, 'console', 'notes.txt'), 'no');
  assets = new ConsoleAssets(join(folder, 'console'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  let answer: { status: number; headers: ResponseHeaders; body: Buffer } | undefined;
  const exchange = {
    method,
    path,
    header: (name: string) => headers[name],
    respond: (status: number, sent: ResponseHeaders, body: Uint8Array | string) => {
      answer = { status, headers: sent, body: Buffer.from(body as string) };
    },
  };
  assets.serve(exchange as unknown as Exchange);
  return answer!;
}

describe('the files of the console', () => {
  it.each(['/console', '/console/', '/console/console-ABCDEFG2.js', '/console/nothing'])(
    'let %s load nothing from elsewhere, and nobody frame it',
    (path) => {
      const { headers } = ask(path);
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toEqual(
        expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
      );
      expect(policy.join()).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
    },
  );

  it('keep what has a hash in its name, and ask again for what has not', () => {
    expect(ask('/console/console-ABCDEFG2.js').headers['cache-control']).toContain('immutable');
    const page = ask('/console');
    expect(page.headers['cache-control']).toBe('no-cache');
    expect(ask('/console', { 'if-none-match': String(page.headers['etag']) })).toMatchObject({
      status: 304,
      body: Buffer.alloc(0),
    });
  });

  it('come packed to those who can unpack', () => {
    const { headers, body } = ask('/console/console-ABCDEFG2.js', { 'accept-encoding': 'br, gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body).toString()).toBe('run()');
    expect(ask('/console/console-ABCDEFG2.js').body.toString()).toBe('run()');
  });

  it.each([
    '/console/../secret.js',
    '/console/%2e%2e/secret.js',
    '/console/notes.txt',
    '/console//index.html',
    '/console/constructor',
  ])('are not %s', (path) => {
    expect(ask(path).status).toBe(404);
  });

  it('are read only', () => {
    expect(ask('/console', {}, 'POST').status).toBe(405);
    expect(ask('/console', {}, 'HEAD')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('belong to no other path', () => {
    expect(['/console', '/console/x', '/consoles', '/api'].map((path) => assets.has(path))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('have to be there', () => {
    expect(() => new ConsoleAssets(folder)).toThrow('there is no page in');
  });
});
