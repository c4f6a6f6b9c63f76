import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './up.ts';

const BINARY = '/usr/bin/etcd';
export const etcdIsHere = existsSync(BINARY);

/** An etcd cluster of several members on loopback, each of which can be killed and comes back with its data. */
export class EtcdCluster {
  readonly endpoints: readonly string[];
  readonly #folder: string;
  readonly #flags: readonly (readonly string[])[];
  readonly #processes: (ChildProcess | undefined)[] = [];

  private constructor(folder: string, endpoints: readonly string[], flags: readonly (readonly string[])[]) {
    this.#folder = folder;
    this.endpoints = endpoints;
    this.#flags = flags;
  }

  /** `more`: flags for every member. */
  static async start(members: number, more: readonly string[] = []): Promise<EtcdCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-etcd-'));
    const clients: string[] = [];
    const peers: string[] = [];
    for (let i = 0; i < members; i++) {
      clients.push(`http://127.0.0.1:${await freePort()}`);
      peers.push(`http://127.0.0.1:${await freePort()}`);
    }
    const cluster = peers.map((peer, i) => `m${i}=${peer}`).join(',');
    const flags = clients.map((client, i) => [
      `--name=m${i}`,
      `--data-dir=${join(folder, `m${i}`)}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peers[i]}`,
      `--initial-advertise-peer-urls=${peers[i]}`,
      `--initial-cluster=${cluster}`,
      '--heartbeat-interval=50',
      '--election-timeout=500',
      ...more,
    ]);
    const made = new EtcdCluster(folder, clients, flags);
    for (let i = 0; i < members; i++) made.run(i);
    return made;
  }

  run(member: number): void {
    this.#processes[member] = spawn(BINARY, [...this.#flags[member]!], { stdio: 'ignore' });
  }

  /** Ends a member as a crash would. */
  async kill(member: number): Promise<void> {
    const child = this.#processes[member];
    this.#processes[member] = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Has a member hold still with all its connections open, as a machine does that is too busy; `false`: go on. */
  freeze(member: number, still = true): void {
    this.#processes[member]?.kill(still ? 'SIGSTOP' : 'SIGCONT');
  }

  async stop(): Promise<void> {
    for (let i = 0; i < this.#processes.length; i++) await this.kill(i);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
