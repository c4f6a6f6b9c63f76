import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { REGISTRY_PREFIX } from '../server/resource-storage.ts';
import { boundValue, type CopyProgress, copy } from '../storage/copy.ts';
import { PrefixedStore } from '../storage/prefixed.ts';
import type { Store } from '../storage/store.ts';

interface Flags {
  etcdCafile?: string;
  etcdCertfile?: string;
  etcdKeyfile?: string;
  fromPrefix: string;
  toPrefix: string;
}

/** Where progress is shown and the outcome said. */
export interface CopyOutput {
  terminal: boolean;
  write(text: string): void;
}

/** `sallyport store copy FROM TO`: everything of one store into another one that is empty. */
export function registerStore(program: Command, output: CopyOutput = standardError()): void {
  const store = program.command('store').description('look after the store that objects are kept in');
  store
    .command('copy')
    .description(
      'copy everything from one store into another one that is empty: a data folder, or an etcd cluster. No server may run on either meanwhile. Values stay as they are, encrypted ones too',
    )
    .argument('<from>', 'a data folder, or the URLs of etcd servers with commas between them')
    .argument('<to>', 'the same')
    .option('--etcd-cafile <file>', 'PEM CA bundle that etcd is verified with')
    .option('--etcd-certfile <file>', 'PEM client certificate for etcd')
    .option('--etcd-keyfile <file>', 'PEM client key for etcd')
    .option('--from-prefix <prefix>', 'where in etcd everything is kept that is copied', REGISTRY_PREFIX)
    .option('--to-prefix <prefix>', 'where in etcd to put it', REGISTRY_PREFIX)
    .action(async (from: string, to: string, flags: Flags) => {
      try {
        await storeCopy(from, to, flags, output);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        output.write(`${output.terminal ? '\n' : ''}Error: ${error.message}\n`);
        process.exitCode = 1;
      }
    });
}

/** Copies; rejects with an Error that says what is in the way. */
export async function storeCopy(from: string, to: string, flags: Flags, output: CopyOutput): Promise<void> {
  if (!isEtcd(from) && !existsSync(join(from, 'store'))) throw new Error(`there is no store in ${from}`);
  const source = await open(from, flags.fromPrefix, flags);
  try {
    const target = await open(to, flags.toPrefix, flags);
    try {
      if (rooted(flags.fromPrefix, from) !== rooted(flags.toPrefix, to)) {
        const key = await boundValue(source);
        if (key !== undefined)
          throw new Error(
            `${key} is encrypted for ${rooted(flags.fromPrefix, from)} and could not be read under ${rooted(flags.toPrefix, to)}: ` +
              'copy to the same prefix, or have everything decrypted first (the identity provider first in --encryption-provider-config, then write all objects anew)',
          );
      }
      const show = output.terminal ? progressLine(output.write) : () => {};
      const copied = await copy(source, target, show);
      output.write(`${output.terminal ? '\r\x1b[K' : ''}Copied ${copied} objects from ${from} to ${to}.\n`);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Where keys begin in a store: `--from-prefix` and `--to-prefix` are for etcd alone. */
function rooted(prefix: string, place: string): string {
  return isEtcd(place) ? `/${prefix.replace(/^\/+|\/+$/g, '')}` : REGISTRY_PREFIX;
}

function isEtcd(place: string): boolean {
  return /^https?:\/\//.test(place);
}

async function open(place: string, prefix: string, flags: Flags): Promise<Store> {
  if (!isEtcd(place)) {
    const { openEmbeddedStore } = await import('../storage/embedded/store.ts');
    return openEmbeddedStore({ folder: resolve(place, 'store') });
  }
  const { openEtcdStore } = await import('../storage/etcd/store.ts');
  const store = await openEtcdStore({
    endpoints: place.split(','),
    // Two clusters are copied once; their history is their own affair.
    compactionIntervalMs: 0,
    ...(flags.etcdCafile ? { caFile: flags.etcdCafile } : {}),
    ...(flags.etcdCertfile ? { certFile: flags.etcdCertfile } : {}),
    ...(flags.etcdKeyfile ? { keyFile: flags.etcdKeyfile } : {}),
  });
  const inner = rooted(prefix, place);
  return inner === REGISTRY_PREFIX ? store : new PrefixedStore(store, REGISTRY_PREFIX, inner);
}

/** One line that is written over and over. */
function progressLine(write: (text: string) => void): (progress: CopyProgress) => void {
  return ({ copied, remaining }) => {
    const percent = Math.floor((100 * copied) / Math.max(1, copied + remaining));
    write(`\r\x1b[K${copied} of ${copied + remaining} objects (${percent} %)`);
  };
}

function standardError(): CopyOutput {
  return { terminal: process.stderr.isTTY ?? false, write: (text) => void process.stderr.write(text) };
}
