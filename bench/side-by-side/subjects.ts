import { type ChildProcess, fork, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EtcdCluster, etcdIsHere } from '../../test/support/etcd-cluster.ts';
import { freePort, Up } from '../../test/support/up.ts';
import { ApiClient } from './api-client.ts';
import type { BareAnswer } from './bare-server.ts';
import { makeAccount, unmake } from './fixture.ts';

/** A server that is measured. */
export interface Subject {
  url: string;
  ca?: string | undefined;
  /** Of the ServiceAccount that asks. */
  token: string;
  /** Absent for the bare server. */
  api?: ApiClient;
  /** Prepares the bare server; others have their answers. */
  answer?(answer: BareAnswer): Promise<void>;
  end(): Promise<void>;
}

/** How a Sallyport is run: `sallyport up` as it is, or with something else about it. */
export type Variant = 'default' | 'no records' | 'RS256' | 'etcd';

/** Why a variant cannot be measured here. */
export function hindrance(variant: Variant): string | undefined {
  return variant === 'etcd' && !etcdIsHere ? 'etcd is not installed' : undefined;
}

export async function startSallyport(variant: Variant): Promise<Subject & { up: Up }> {
  const flags: string[] = [];
  const ends: (() => Promise<void> | void)[] = [];
  if (variant === 'no records') flags.push('--decision-records=0');
  if (variant === 'etcd') {
    const etcd = await EtcdCluster.start(1);
    ends.push(() => etcd.stop());
    flags.push(`--etcd-servers=${etcd.endpoints.join(',')}`);
  }
  // Left to itself, `up` makes a P-256 key; kubeadm and most clusters have RSA ones.
  if (variant === 'RS256') {
    const folder = mkdtempSync(join(tmpdir(), 'bench-keys-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    flags.push(`--service-account-key-file=${join(folder, 'sa.pub')}`);
    flags.push(`--service-account-signing-key-file=${join(folder, 'sa.key')}`);
  }
  const up = await Up.start(flags);
  const api = new ApiClient(up.kubeconfig);
  return {
    up,
    api,
    url: api.url,
    ca: api.ca,
    token: await makeAccount(api),
    async end() {
      api.close();
      await up.remove();
      for (const end of ends) await end();
    },
  };
}

/** The API server of a kubeconfig. What is made in it for the measurement is taken away at the end. */
export async function otherServer(kubeconfig: string): Promise<Subject & { version: string }> {
  const api = new ApiClient(kubeconfig);
  const { gitVersion } = await api.json('GET', '/version');
  return {
    version: gitVersion,
    api,
    url: api.url,
    ca: api.ca,
    token: await makeAccount(api),
    async end() {
      await unmake(api);
      api.close();
    },
  };
}

/** The bare server, with the certificate that a Sallyport of this folder has. */
export async function startBare(folder: string): Promise<Subject> {
  const port = await freePort();
  const { child } = runBare(folder, port);
  await ready(port);
  return {
    url: `https://127.0.0.1:${port}`,
    token: 'none',
    async answer(answer) {
      child.send(answer);
      await once(child, 'message');
    },
    async end() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

function runBare(folder: string, port: number): { child: ChildProcess } {
  const pki = join(folder, 'pki');
  const args = [String(port), join(pki, 'apiserver.crt'), join(pki, 'apiserver.key')];
  return { child: fork(join(import.meta.dirname, 'bare-server.mjs'), args, { stdio: 'ignore' }) };
}

/** From the start of a process to the first 200 of /readyz, in milliseconds, and what it holds when idle, in MiB. */
export interface StartTime {
  ms: number;
  residentMiB?: number;
}

/** @param idleMs how long to wait before the memory is read; 0: it is not */
export async function timeStart(
  subject: 'bare' | 'sallyport',
  folder: string,
  idleMs: number,
): Promise<StartTime> {
  const port = await freePort();
  const began = performance.now();
  const child =
    subject === 'bare'
      ? runBare(folder, port).child
      : spawn(
          process.execPath,
          [resolve('dist/cli/main.js'), 'up', '--data-dir', folder, '--port', String(port)],
          {
            stdio: 'ignore',
          },
        );
  try {
    await ready(port);
    const ms = performance.now() - began;
    if (idleMs === 0) return { ms };
    await pause(idleMs);
    return { ms, residentMiB: residentMiB(child.pid!) };
  } finally {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function ready(port: number): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await isReady(port)); ) {
    if (Date.now() > deadline) throw new Error('a server did not become ready within 30 s');
    await pause(2);
  }
}

const isReady = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const settle = (isGood: boolean): void => {
      session.destroy();
      done(isGood);
    };
    session.on('error', () => settle(false));
    const stream = session.request({ ':path': '/readyz' });
    stream.on('error', () => settle(false));
    stream.on('response', (answer) => settle(answer[':status'] === 200));
  });
