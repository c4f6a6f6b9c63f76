import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Exchange, ResponseHeaders } from '../server/exchange.ts';

export const CONSOLE_PATH = '/console';
const INDEX = 'index.html';

/** Nothing but the page's own files, and nobody may put it into a frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const SECURITY: ResponseHeaders = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Asset {
  type: string;
  etag: string;
  /** A name with a hash in it stands for one content for ever. */
  hashed: boolean;
  plain: Buffer;
  gzip: Buffer;
}

/** Where the build puts the page: beside the bundle that this is part of, or beside the folder of that. */
export function consoleFolder(): string {
  const [beside, above] = ['./console/', '../console/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  ) as [string, string];
  return existsSync(join(beside, INDEX)) ? beside : above;
}

/** The page's files, read when somebody looks for the first time. They hold nothing that is anybody's secret. */
export class ConsoleAssets {
  readonly #folder: string;
  #files: Map<string, Asset> | undefined;

  /** Throws where the build has put no page into the folder. */
  constructor(folder: string) {
    if (!existsSync(join(folder, INDEX)))
      throw new Error(`--console: there is no page in ${folder}; build it by npm run build`);
    this.#folder = folder;
  }

  /** Whether a path is the page's. */
  has(path: string): boolean {
    return path === CONSOLE_PATH || path.startsWith(`${CONSOLE_PATH}/`);
  }

  /** Answers a request for the page. It passes no door: it asks nothing and is told nothing. */
  serve(exchange: Exchange): void {
    const { method, path } = exchange;
    if (method !== 'GET' && method !== 'HEAD') {
      const headers = { ...SECURITY, allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' };
      exchange.respond(405, headers, 'method not allowed\n');
      return;
    }
    const asset = this.#asset(path);
    if (!asset) {
      const headers = { ...SECURITY, 'content-type': 'text/plain; charset=utf-8' };
      exchange.respond(404, headers, method === 'HEAD' ? '' : '404 page not found\n');
      return;
    }
    const headers: ResponseHeaders = {
      ...SECURITY,
      'content-type': asset.type,
      'cache-control': asset.hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: asset.etag,
      vary: 'Accept-Encoding',
    };
    if (exchange.header('if-none-match') === asset.etag) {
      exchange.respond(304, headers, '');
      return;
    }
    const zipped = /\bgzip\b/.test(exchange.header('accept-encoding') ?? '');
    const body = zipped ? asset.gzip : asset.plain;
    if (zipped) headers['content-encoding'] = 'gzip';
    exchange.respond(200, headers, method === 'HEAD' ? '' : body);
  }

  #asset(path: string): Asset | undefined {
    this.#files ??= readFiles(this.#folder);
    return this.#files.get(path.slice(CONSOLE_PATH.length + 1) || INDEX);
  }
}

function readFiles(folder: string): Map<string, Asset> {
  const files = new Map<string, Asset>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const plain = readFileSync(join(folder, name));
    files.set(name, {
      type,
      etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
      hashed: /-[A-Z0-9]{8}\.\w+$/.test(name),
      plain,
      gzip: gzipSync(plain, { level: 9 }),
    });
  }
  return files;
}
