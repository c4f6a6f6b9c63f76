import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { logRecordIsSound, readRevision } from './record.ts';

/**
 * Reads an LMDB data file as bytes, before it is mapped into memory: a page missing from a mapped file ends the process
 * without a word. Walks every tree of the newest commit and the checksum of every record in `log`.
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

class Fault extends Error {}

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
    // The free list is a tree whose values are page numbers; only its shape is checked.
    this.#tree(newest.freeRoot, 0, undefined);
    this.#tree(newest.mainRoot, 0, '');
  }

  #meta(page: number): { pageSize: number; freeRoot: bigint; mainRoot: bigint; transaction: bigint } {
    const bytes = this.#bytes(page * this.#pageSize, 200);
    if (
      !(bytes.readUInt16LE(18) & meta) ||
      bytes.readUInt32LE(pageHeader) !== magic ||
      (bytes.readUInt32LE(pageHeader + 4) & 0xffff) !== dataVersion
    ) {
      throw new Fault('the header is not that of a store');
    }
    const databases = pageHeader + 24;
    return {
      pageSize: bytes.readUInt32LE(databases),
      freeRoot: bytes.readBigUInt64LE(databases + 40),
      mainRoot: bytes.readBigUInt64LE(databases + 88),
      transaction: bytes.readBigUInt64LE(databases + 104),
    };
  }

  /** `name`: of the database; empty for the one that lists the others; undefined where contents don't matter. */
  #tree(page: bigint, depth: number, name: string | undefined): void {
    if (page === nothing) return;
    if (depth > maxDepth || this.#pagesSeen++ > this.#size / this.#pageSize)
      throw new Fault('pages go in circles');
    const bytes = this.#page(page);
    const flags = bytes.readUInt16LE(18);
    const count = bytes.readUInt16LE(20) >> 1;
    if (flags & branch) {
      for (let i = 0; i < count; i++) {
        const node = pageHeader + bytes.readUInt16LE(pageHeader + 2 * i);
        this.#tree(
          BigInt(bytes.readUInt32LE(node)) + (BigInt(bytes.readUInt16LE(node + 4)) << 32n),
          depth + 1,
          name,
        );
      }
    } else if (flags & leaf) {
      for (let i = 0; i < count; i++)
        this.#leafNode(bytes, pageHeader + bytes.readUInt16LE(pageHeader + 2 * i), depth, name);
    } else {
      throw new Fault(`page ${page} is not part of a tree`);
    }
  }

  #leafNode(bytes: Buffer, node: number, depth: number, name: string | undefined): void {
    const size = bytes.readUInt32LE(node);
    const flags = bytes.readUInt16LE(node + 4);
    const keyEnd = node + 8 + bytes.readUInt16LE(node + 6);
    const key = bytes.subarray(node + 8, keyEnd);
    if (flags & bigData) {
      const from = bytes.readBigUInt64LE(keyEnd);
      if (!(this.#page(from).readUInt16LE(18) & overflow))
        throw new Fault(`page ${from} does not hold a value`);
      if (name === 'log') this.#logRecord(key, this.#bytes(Number(from) * this.#pageSize + pageHeader, size));
      else this.#bytes(Number(from) * this.#pageSize + pageHeader, size);
      return;
    }
    if (keyEnd + size > bytes.length) throw new Fault('a page points outside itself');
    const value = bytes.subarray(keyEnd, keyEnd + size);
    if (flags & subDatabase)
      this.#tree(value.readBigUInt64LE(40), depth + 1, key.toString('latin1').replace(/\0+$/, ''));
    else if (name === 'log') this.#logRecord(key, value);
  }

  #logRecord(key: Buffer, value: Buffer): void {
    if (key.length !== 8 || !logRecordIsSound(readRevision(key), value))
      throw new Fault('a record fails its checksum');
  }

  #page(number: bigint): Buffer {
    if (number * BigInt(this.#pageSize) >= BigInt(this.#size)) throw new Fault('the file is cut short');
    const bytes = this.#bytes(Number(number) * this.#pageSize, this.#pageSize);
    if (bytes.readBigUInt64LE(0) !== number) throw new Fault(`page ${number} is not where it should be`);
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
