import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One request that is sent over and over: 8 connections, 8 at a time on each. */
export interface Load {
  url: string;
  token: string;
  /** Whom the repository's own client trusts; undefined: anybody. h2load trusts anybody. */
  ca?: string | undefined;
  method: 'GET' | 'POST';
  path: string;
  /** Sent as JSON. */
  body?: string;
  /** How long: seconds, after one to warm up; or so many requests. */
  seconds?: number;
  requests?: number;
}

export const CONNECTIONS = 8;
export const STREAMS = 8;

/** Debian's nghttp2-client; without it the repository's own client is the load, which is slower than most servers. */
export const hasH2load = spawnSync('h2load', ['--version']).status === 0;

/** Answers a second. Rejects where an answer was not 2xx. */
export async function requestsPerSecond(load: Load): Promise<number> {
  return hasH2load ? byH2load(load) : byOwnClient(load);
}

async function byH2load(load: Load): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const args = ['-c', String(CONNECTIONS), '-m', String(STREAMS), '-t', '1'];
    args.push('-H', `authorization: Bearer ${load.token}`);
    if (load.seconds) args.push('-D', String(load.seconds), '--warm-up-time', '1');
    else args.push('-n', String(load.requests));
    if (load.body !== undefined) {
      const file = join(folder, 'body.json');
      writeFileSync(file, load.body);
      args.push('-d', file, '-H', 'content-type: application/json');
    }
    return rateOf(await output('h2load', [...args, `${load.url}${load.path}`]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads what h2load says. */
export function rateOf(text: string): number {
  const rate = /finished in [\d.]+m?s, ([\d.]+) req\/s/.exec(text)?.[1];
  const codes = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(text)?.slice(1).map(Number);
  const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(text)?.slice(1).map(Number);
  if (rate === undefined || !codes || !failed) throw new Error(`h2load said nothing of use:\n${text}`);
  const [good, ...bad] = codes;
  if (!good || [...bad, ...failed].some((count) => count > 0))
    throw new Error(`not every answer was good:\n${/requests:.*\nstatus codes:.*/.exec(text)?.[0]}`);
  return Number(rate);
}

async function byOwnClient(load: Load): Promise<number> {
  return Number(JSON.parse(await ownClient('request-client', load)).rate);
}

/** Runs one of the clients beside this program, in a process of its own; resolves to what it writes. */
export function ownClient(name: 'request-client' | 'watch-client', task: object): Promise<string> {
  return output(process.execPath, [join(import.meta.dirname, `${name}.mjs`)], JSON.stringify(task));
}

function output(command: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${command} ended with ${code}: ${errors.slice(-500)}`));
    });
    // Who ends at once has not read it, and says why in another way.
    child.stdin?.on('error', () => {}).end(input);
  });
}
