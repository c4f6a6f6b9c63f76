import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { keyRecordIsSound, logRecordIsSound, readRevision } from './record.ts';

/**
 * Reads an LMDB data file as bytes, before it is mapped into memory: a page missing from a mapped file ends the process
 * without a word. Walks every tree of the newest commit and verifies each record's
 * checksum; what the list of free pages says is not verified.
 * File format: LMDB's mdb.c, MDB_meta, MDB_page, MDB_node, data version 2 (the one of the lmdb package).
 */
const pageHeader = 24;
const magic = 0xbeefc0de;
const dataVersion = 2;
const branch = 0x01;
const leaf = 0x02;
const overflow = 0x04;
const meta = 0x08;
const bigData = 0x01;
const subDatabase = 0x02;
const nothing = 0xffff_ffff_ffff_ffffn;
const chunkBytes = 1 << 18;
const chunksKept = 128;
const maxDepth = 32;

const databaseBytes = 48;
const disorder = 'keys are out of order';

class Fault extends Error {}

interface Tree {
  name: string | undefined;
  entries: number;
  /** The key seen last. */
  last: Buffer | undefined;
}

function nodeKey(bytes: Buffer, node: number): Buffer {
  const end = node + 8 + bytes.readUInt16LE(node + 6);
  if (end > bytes.length) throw new Fault('a page points outside itself');
  return bytes.subarray(node + 8, end);
}

function compareKeys(tree: Tree, a: Buffer, b: Buffer): number {
  if (tree.name !== undefined) return Buffer.compare(a, b);
  return Number(a.readBigUInt64LE(0) - b.readBigUInt64LE(0));
}

/** What is wrong with the file, in a few words; undefined where nothing is. */
export function dataFileFault(path: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    new DataFile(fd).check();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    if (error instanceof RangeError) return 'a page points outside itself';
    throw error;
  } finally {
    closeSync(fd);
  }
}

class DataFile {
  readonly #fd: number;
  readonly #size: number;
  #pageSize = 4096;
  #pagesSeen = 0;
  #transaction = 0n;
  readonly #chunks = new Map<number, Buffer>();

  constructor(fd: number) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
  }

  check(): void {
    const first = this.#meta(0);
    this.#pageSize = first.pageSize;
    if (this.#pageSize < 512 || this.#pageSize > 65536) throw new Fault('the header is not readable');
    const second = this.#meta(1);
    const newest = second.transaction > first.transaction ? second : first;
    this.#transaction = newest.transaction;
    this.#database(newest.free, undefined, 0);
    this.#database(newest.main, '', 0);
  }

  #meta(page: number): { pageSize: number; free: Buffer; main: Buffer; transaction: bigint } {
    const bytes = this.#bytes(page * this.#pageSize, 200);
    if (
      !(bytes.readUInt16LE(18) & meta) ||
      bytes.readUInt32LE(pageHeader) !== magic ||
      (bytes.readUInt32LE(pageHeader + 4) & 0xffff) !== dataVersion
    ) {
      throw new Fault('the header is not that of a store');
    }
    const free = pageHeader + 24;
    const main = free + databaseBytes;
    return {
      pageSize: bytes.readUInt32LE(free),
      free: bytes.subarray(free, main),
      main: bytes.subarray(main, main + databaseBytes),
      transaction: bytes.readBigUInt64LE(main + databaseBytes + 8),
    };
  }

  /**
   * `name`: of the database; empty for the one that lists the others; undefined for the free list, whose keys are
   * numbers in the machine's own order.
   */
  #database(header: Buffer, name: string | undefined, depth: number): void {
    const root = header.readBigUInt64LE(40);
    const tree: Tree = { name, entries: 0, last: undefined };
    if (root !== nothing) this.#tree(tree, root, depth, undefined);
    if (BigInt(tree.entries) !== header.readBigUInt64LE(32)) throw new Fault('entries are missing');
  }

  /** `before`: what all keys of this page are less than. */
  #tree(tree: Tree, page: bigint, depth: number, before: Buffer | undefined): void {
    if (depth > maxDepth || this.#pagesSeen++ > this.#size / this.#pageSize) {
      throw new Fault('pages go in circles');
    }
    const bytes = this.#page(page);
    const flags = bytes.readUInt16LE(18);
    const count = bytes.readUInt16LE(20) >> 1;
    const node = (i: number): number => pageHeader + bytes.readUInt16LE(pageHeader + 2 * i);
    if (flags === branch) {
      for (let i = 0; i < count; i++) {
        const at = node(i);
        const child = BigInt(bytes.readUInt32LE(at)) + (BigInt(bytes.readUInt16LE(at + 4)) << 32n);
        if (i > 0 && tree.last && compareKeys(tree, tree.last, nodeKey(bytes, at)) >= 0)
          throw new Fault(disorder);
        this.#tree(tree, child, depth + 1, i + 1 < count ? nodeKey(bytes, node(i + 1)) : before);
      }
    } else if (flags === leaf) {
      for (let i = 0; i < count; i++) this.#leafNode(tree, bytes, node(i), depth);
      if (before && tree.last && compareKeys(tree, tree.last, before) >= 0) throw new Fault(disorder);
    } else {
      throw new Fault(`page ${page} is not part of a tree`);
    }
  }

  #leafNode(tree: Tree, bytes: Buffer, node: number, depth: number): void {
    const size = bytes.readUInt32LE(node);
    const flags = bytes.readUInt16LE(node + 4);
    const key = nodeKey(bytes, node);
    if (tree.last && compareKeys(tree, tree.last, key) >= 0) throw new Fault(disorder);
    tree.last = key;
    tree.entries++;
    const valueStart = node + 8 + key.length;
    if (flags & bigData) {
      const from = bytes.readBigUInt64LE(valueStart);
      if (this.#page(from).readUInt16LE(18) !== overflow)
        throw new Fault(`page ${from} does not hold a value`);
      this.#record(tree.name, key, this.#bytes(Number(from) * this.#pageSize + pageHeader, size));
      return;
    }
    if (valueStart + size > bytes.length) throw new Fault('a page points outside itself');
    const value = bytes.subarray(valueStart, valueStart + size);
    if (flags & subDatabase) this.#database(value, key.toString('latin1').replace(/\0+$/, ''), depth + 1);
    else this.#record(tree.name, key, value);
  }

  #record(name: string | undefined, key: Buffer, value: Buffer): void {
    const sound =
      name === 'log'
        ? key.length === 8 && logRecordIsSound(readRevision(key), value)
        : name !== 'keys' || keyRecordIsSound(key, value);
    if (!sound) throw new Fault('a record fails its checksum');
  }

  #page(number: bigint): Buffer {
    if (number * BigInt(this.#pageSize) >= BigInt(this.#size)) throw new Fault('the file is cut short');
    const bytes = this.#bytes(Number(number) * this.#pageSize, this.#pageSize);
    if (bytes.readBigUInt64LE(0) !== number) throw new Fault(`page ${number} is not where it should be`);
    // A page younger than the newest commit would be taken for one that may be changed in place.
    if (bytes.readBigUInt64LE(8) > this.#transaction)
      throw new Fault(`page ${number} is younger than the store`);
    return bytes;
  }

  #bytes(offset: number, length: number): Buffer {
    if (offset + length > this.#size) throw new Fault('the file is cut short');
    const index = Math.floor(offset / chunkBytes);
    const start = offset - index * chunkBytes;
    if (start + length > chunkBytes) return this.#read(offset, length);
    let chunk = this.#chunks.get(index);
    if (!chunk) {
      chunk = this.#read(index * chunkBytes, Math.min(chunkBytes, this.#size - index * chunkBytes));
      if (this.#chunks.size >= chunksKept) this.#chunks.delete(this.#chunks.keys().next().value!);
      this.#chunks.set(index, chunk);
    }
    return chunk.subarray(start, start + length);
  }

  #read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const read = readSync(this.#fd, bytes, done, length - done, offset + done);
      if (read === 0) throw new Fault('the file is cut short');
      done += read;
    }
    return bytes;
  }
}
