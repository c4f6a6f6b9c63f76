import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = '/usr/bin/etcd';
export const etcdIsHere = existsSync(binary);

export interface EtcdProcess {
  endpoint: string;
  /** Ends it as a crash would; its data stay. */
  kill(): Promise<void>;
  /** The same data under the same address again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** One etcd of its own on this machine's loopback, with its data in a temporary folder. `tls`: files in PEM. */
export async function startEtcd(tls?: {
  certFile: string;
  keyFile: string;
  caFile: string;
}): Promise<EtcdProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-'));
  const scheme = tls ? 'https' : 'http';
  const client = `${scheme}://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const run = (): ChildProcess =>
    spawn(
      binary,
      [
        ['--data-dir', folder, '--heartbeat-interval', '50', '--election-timeout', '500'],
        ['--listen-client-urls', client, '--advertise-client-urls', client],
        [
          '--listen-peer-urls',
          peer,
          '--initial-advertise-peer-urls',
          peer,
          '--initial-cluster',
          `default=${peer}`,
        ],
        tls ? ['--cert-file', tls.certFile, '--key-file', tls.keyFile] : [],
        tls ? ['--trusted-ca-file', tls.caFile, '--client-cert-auth'] : [],
      ].flat(),
      { stdio: 'ignore' },
    );
  let process = run();
  const kill = async (): Promise<void> => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  };
  return {
    endpoint: client,
    kill,
    async restart() {
      await kill();
      process = run();
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
