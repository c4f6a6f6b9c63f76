import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { clients } from './kubectl.ts';

const MAIN = resolve(process.env['SALLYPORT_OUT'] ?? 'dist', 'cli/main.js');

/** A step of a suite: a request, or one of the other things that a suite can do. */
export interface GoldenStep {
  name?: string;
  as?: unknown;
  method?: string;
  path?: string;
  headers?: Record<string, string | null>;
  body?: unknown;
  kubectl?: string[];
  /** Read so many events, or for so long, and no further. */
  watch?: { events: number; timeoutMs: number };
}

export interface GoldenSuite {
  suite: string;
  flags?: string[];
  steps: GoldenStep[];
}

export interface GoldenAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** As much of the player of recordings as is used here. */
export interface GoldenRun {
  readonly dir: string;
  readonly suite: GoldenSuite;
  start(): Promise<void>;
  stop(keep?: boolean): Promise<void>;
  settle(step: GoldenStep): Promise<unknown>;
  fill<T>(value: T): T;
  http(step: GoldenStep): Promise<GoldenAnswer>;
  kubectl(step: GoldenStep): Promise<{ exit: number; stdout: string; stderr: string }>;
  credentials(as?: unknown): { token?: string };
  kubeconfig(as: unknown, name: string): string;
}

type Player = new (suite: GoldenSuite) => GoldenRun;

/** The folder with recordings of kube-apiserver; undefined where there is none. */
export function goldenFolder(): string | undefined {
  const folder = resolve('..', 'shared', 'golden');
  return existsSync(join(folder, 'golden.mjs')) ? folder : undefined;
}

/** The player's class; its file is a command, so that what comes after the class is left out. */
async function loadPlayer(folder: string): Promise<Player> {
  const source = readFileSync(join(folder, 'golden.mjs'), 'utf8');
  const end = source.search(/^(\/\/ Plays one suite|async function play)/m);
  if (end < 0) throw new Error('golden.mjs is not made as expected');
  const base = pathToFileURL(`${folder}/`).href;
  const text = `${source
    .slice(0, end)
    .replace(/^#!.*\n/, '')
    .replace(/from '\.\//g, `from '${base}`)}\nexport { Run };\n`;
  mkdirSync('.cache', { recursive: true });
  const path = resolve('.cache', `golden-player-${process.pid}.mjs`);
  writeFileSync(path, text);
  try {
    return ((await import(/* @vite-ignore */ pathToFileURL(path).href)) as { Run: Player }).Run;
  } finally {
    rmSync(path);
  }
}

export interface Watching {
  /** What a request or a command was made with, and what came of it. */
  answered?(made: { token?: string; answer: string }): void;
  /** After each step; `denied` are the requests of it that were answered with 403. */
  stepped?(
    run: GoldenRun,
    step: GoldenStep,
    denied: readonly { request: GoldenStep; auditId: string }[],
  ): Promise<void>;
}

/** Plays a suite against the built server; resolves to what the server wrote to its log. */
export async function playGolden(path: string, watching: Watching): Promise<string> {
  process.env['GOLDEN_SERVER'] = `${process.execPath} ${MAIN} apiserver`;
  process.env['GOLDEN_KUBECTL'] = clients().kubectl;
  const Run = await loadPlayer(resolve(path, '..', '..', '..'));
  let denied: { request: GoldenStep; auditId: string }[] = [];
  class Watched extends Run {
    override async http(step: GoldenStep): Promise<GoldenAnswer> {
      const answer = await super.http(step);
      const { token } = this.credentials(step.as);
      watching.answered?.({ ...(token === undefined ? {} : { token }), answer: answer.body });
      if (answer.status === 403) denied.push({ request: step, auditId: answer.headers['audit-id'] ?? '' });
      return answer;
    }
    override async kubectl(step: GoldenStep): ReturnType<GoldenRun['kubectl']> {
      const ran = await super.kubectl(step);
      watching.answered?.({ answer: ran.stdout });
      return ran;
    }
  }
  const run = new Watched(JSON.parse(readFileSync(path, 'utf8')));
  try {
    await run.start();
    for (const step of run.suite.steps) {
      denied = [];
      await run.settle(step);
      await watching.stepped?.(run, step, denied);
    }
  } finally {
    await run.stop(true);
  }
  const log = readFileSync(join(run.dir, 'server.log'), 'utf8');
  rmSync(run.dir, { recursive: true, force: true });
  return log;
}
