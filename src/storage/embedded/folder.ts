import { randomInt } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Database, RootDatabase } from 'lmdb';
import { dataFileFault } from './check.ts';
import { StoreDamagedError, StoreFormatError, StoreInUseError } from './errors.ts';
import { heartbeatChanges, type Owner, ownerFile, ownerRuns, startHeartbeat, thisProcess } from './owner.ts';

const format = 1;
const markerFile = 'store.json';
const dataFile = 'data.mdb';

/** What is written with every commit. */
export interface StoreState {
  revision: number;
  /** Reads and watches older than this are refused. */
  compacted: number;
  /** Up to here, what compaction forgets has been removed. */
  swept: number;
}

/** An opened folder: its databases, and the right to write to them. */
export interface StoreFolder {
  path: string;
  root: RootDatabase<Buffer, Buffer>;
  log: Database<Buffer, Buffer>;
  keys: Database<Buffer, Buffer>;
  leases: Database<Buffer, Buffer>;
  meta: Database<any, string>;
  state: StoreState;
  /** The version of meta's `owner`: a commit goes through only while it stands. */
  epoch: number;
  close(): Promise<void>;
}

/**
 * Opens or creates a store's folder and takes possession of it. Nothing is written before the folder is known to be
 * sound and free. Throws StoreInUseError, StoreDamagedError or StoreFormatError.
 */
export async function openFolder(path: string): Promise<StoreFolder> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await refuseWhileOwned(path, readOwnerFile(path));
  const created = checkMarker(path);
  const data = statSync(join(path, dataFile), { throwIfNoEntry: false });
  if (created && !data?.size) throw new StoreDamagedError(path, `${dataFile} is missing or empty`);
  if (data?.size) {
    const fault = dataFileFault(join(path, dataFile));
    if (fault !== undefined) {
      // A process that started just now may be writing what was being read.
      await refuseWhileOwned(path, readOwnerFile(path));
      throw new StoreDamagedError(path, `${dataFile}: ${fault}`);
    }
  }
  const { open } = await import('lmdb');
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  let root: RootDatabase<Buffer, Buffer>;
  try {
    // Without overlapping sync a commit is answered when it is on disk, not when it is visible.
    // Batches are ours (commit.ts); the library's own leave a failed commit to nobody, which ends the process.
    root = open({
      path,
      noSubdir: false,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: 8,
      ...binary,
    });
  } catch (error) {
    if (/MDB_/.test(String(error)))
      throw new StoreDamagedError(path, `${dataFile}: ${(error as Error).message}`);
    throw error;
  }
  try {
    const meta = root.openDB<any, string>('meta', {
      encoding: 'json',
      keyEncoding: 'ordered-binary',
      useVersions: true,
    });
    const epoch = await claim(path, meta);
    const log = root.openDB<Buffer, Buffer>('log', binary);
    const keys = root.openDB<Buffer, Buffer>('keys', binary);
    const leases = root.openDB<Buffer, Buffer>('leases', binary);
    const state = readState(path, created, meta, log);
    for (const file of [dataFile, 'lock.mdb']) chmodSync(join(path, file), 0o600);
    if (!created) writeDurably(path, markerFile, `${JSON.stringify({ format })}\n`);
    writeDurably(path, ownerFile, JSON.stringify(thisProcess()));
    const stopHeartbeat = startHeartbeat(path);
    return {
      path,
      root,
      log,
      keys,
      leases,
      meta,
      state,
      epoch,
      async close() {
        stopHeartbeat();
        await meta.remove('owner', epoch);
        rmSync(join(path, ownerFile), { force: true });
        await root.close();
      },
    };
  } catch (error) {
    await root.close();
    throw understood(path, error);
  }
}

/** LMDB's own refusals of what it finds in the file. */
function understood(path: string, error: unknown): unknown {
  const { message } = error as Error;
  if (!/^MDB_(CORRUPTED|INVALID|PAGE_NOTFOUND|PROBLEM|BAD_TXN|PANIC|VERSION_MISMATCH)/.test(message))
    return error;
  return new StoreDamagedError(path, `${dataFile}: ${message.split('\n')[0]}`);
}

/** Whether the folder has been made into a store before. */
function checkMarker(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(join(path, markerFile), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  let found: unknown;
  try {
    found = JSON.parse(text)?.format;
  } catch {
    throw new StoreDamagedError(path, `${markerFile} is not JSON`);
  }
  if (found === format) return true;
  if (typeof found !== 'number') throw new StoreDamagedError(path, `${markerFile} names no format`);
  throw new StoreFormatError(path, `its format is ${found}, this version reads format ${format}`);
}

function readState(
  path: string,
  created: boolean,
  meta: Database<any, string>,
  log: Database<Buffer, Buffer>,
): StoreState {
  const found = meta.get('state') as ReturnType<typeof stateRecord> | undefined;
  if (found) {
    const { revision, compacted, swept } = found;
    if (found.format !== format) {
      throw new StoreFormatError(path, `its format is ${found.format}, this version reads format ${format}`);
    }
    if (found.sum !== stateRecord({ revision, compacted, swept }).sum) {
      throw new StoreDamagedError(path, 'its revision fails its checksum');
    }
    return { revision, compacted, swept };
  }
  const empty = log.getKeysCount({ limit: 1 }) === 0;
  if (created && !empty) throw new StoreDamagedError(path, 'its revision is missing');
  if (!empty) throw new StoreFormatError(path, `${dataFile} is not a store of this program`);
  // etcd's first revision, which clients have come to know.
  return { revision: 1, compacted: 0, swept: 0 };
}

/** What `meta` holds beside the owner; written in every commit. */
export function stateRecord(state: StoreState): StoreState & { format: number; sum: number } {
  const { revision, compacted, swept } = state;
  return { format, revision, compacted, swept, sum: crc32(`${format} ${revision} ${compacted} ${swept}`) };
}

/** Two processes that come at once are told apart by LMDB's own lock on write transactions. */
async function claim(path: string, meta: Database<any, string>): Promise<number> {
  const epoch = randomInt(1, 2 ** 47);
  for (let attempt = 0; attempt < 3; attempt++) {
    let found: Owner | undefined;
    const ignored = attempt === 0 ? undefined : (meta.get('owner') as Owner | undefined);
    meta.transactionSync(() => {
      found = meta.get('owner');
      const runs = found ? ownerRuns(found) : false;
      if (runs === true || (runs === 'unsure' && JSON.stringify(found) !== JSON.stringify(ignored))) return;
      found = undefined;
      meta.putSync('owner', thisProcess(), epoch);
    });
    if (!found) return epoch;
    await refuseWhileOwned(path, found);
  }
  throw new StoreInUseError(path, 'another process');
}

async function refuseWhileOwned(path: string, owner: Owner | undefined): Promise<void> {
  if (!owner) return;
  const runs = ownerRuns(owner);
  if (runs === true) {
    throw new StoreInUseError(path, owner.pid === process.pid ? 'this process' : `process ${owner.pid}`);
  }
  if (runs === 'unsure' && (await heartbeatChanges(path))) {
    throw new StoreInUseError(path, `process ${owner.pid} of another container`);
  }
}

function readOwnerFile(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(path, ownerFile), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function writeDurably(path: string, file: string, text: string): void {
  const temporary = join(path, `${file}.new`);
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, join(path, file));
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
