import { crc32 } from 'node:zlib';

/**
 * The embedded store's own byte formats.
 *
 * `log`: revision (8 bytes, big-endian) → one write: checksum, kind, revisions, key, value. The only place where values are.
 * `keys`: key → the revision of its last write in `log`; stays for a deleted key until that deletion is compacted.
 * `leases`: expiry and revision → key, for writes with a time to live.
 */
export interface LogRecord {
  deleted: boolean;
  createRevision: number;
  /** The key's write before this one, a deletion too; 0: none. */
  previousRevision: number;
  key: string;
  value: Buffer;
}

export interface KeyRecord {
  revision: number;
  createRevision: number;
  deleted: boolean;
}

/** crc 4, kind 1, createRevision 8, previousRevision 8, key length 2. */
const header = 23;
const keyRecordBytes = 21;
const kindPut = 1;
const kindDelete = 2;

export function revisionKey(revision: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  writeRevision(key, revision, 0);
  return key;
}

export function readRevision(bytes: Buffer, offset = 0): number {
  return bytes.readUInt32BE(offset) * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4);
}

function writeRevision(bytes: Buffer, revision: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(revision / 0x1_0000_0000), offset);
  bytes.writeUInt32BE(revision % 0x1_0000_0000, offset + 4);
}

/** `key` in UTF-8, at most 65535 bytes. The checksum covers the revision too, so that a record can't pass for another. */
export function encodeLogRecord(
  revision: number,
  key: Buffer,
  createRevision: number,
  previousRevision: number,
  value: Uint8Array | undefined,
): Buffer {
  const record = Buffer.allocUnsafe(header + key.length + (value?.length ?? 0));
  record[4] = value ? kindPut : kindDelete;
  writeRevision(record, createRevision, 5);
  writeRevision(record, previousRevision, 13);
  record.writeUInt16BE(key.length, 21);
  record.set(key, header);
  if (value) record.set(value, header + key.length);
  record.writeUInt32BE(checksum(revision, record), 0);
  return record;
}

function checksum(revision: number, record: Buffer): number {
  return crc32(record.subarray(4), revision % 0x1_0000_0000);
}

export function logRecordIsSound(revision: number, record: Buffer): boolean {
  return (
    record.length >= header &&
    (record[4] === kindPut || record[4] === kindDelete) &&
    header + record.readUInt16BE(21) <= record.length &&
    record.readUInt32BE(0) === checksum(revision, record)
  );
}

/** Undefined where the checksum is wrong. `value` shares memory with `record`. */
export function decodeLogRecord(revision: number, record: Buffer): LogRecord | undefined {
  if (!logRecordIsSound(revision, record)) return undefined;
  const valueStart = header + record.readUInt16BE(21);
  return {
    deleted: record[4] === kindDelete,
    createRevision: readRevision(record, 5),
    previousRevision: readRevision(record, 13),
    key: record.toString('utf8', header, valueStart),
    value: record.subarray(valueStart),
  };
}

export function encodeKeyRecord(
  key: Buffer,
  revision: number,
  createRevision: number,
  deleted: boolean,
): Buffer {
  const record = Buffer.allocUnsafe(keyRecordBytes);
  writeRevision(record, revision, 0);
  writeRevision(record, createRevision, 8);
  record[16] = deleted ? kindDelete : kindPut;
  record.writeUInt32BE(keyChecksum(key, record), 17);
  return record;
}

export function keyRecordIsSound(key: Buffer, record: Buffer): boolean {
  return record.length === keyRecordBytes && record.readUInt32BE(17) === keyChecksum(key, record);
}

function keyChecksum(key: Buffer, record: Buffer): number {
  return crc32(record.subarray(0, 17), crc32(key));
}

/** Its checksum is verified when the store is opened; a read that goes wrong later fails on the record in `log`. */
export function decodeKeyRecord(record: Buffer): KeyRecord {
  return {
    revision: readRevision(record, 0),
    createRevision: readRevision(record, 8),
    deleted: record[16] === kindDelete,
  };
}

/** `expiry` in milliseconds since 1970. Sorts by expiry. */
export function leaseKey(expiry: number, revision: number): Buffer {
  const key = Buffer.allocUnsafe(16);
  writeRevision(key, Math.max(0, Math.floor(expiry)), 0);
  writeRevision(key, revision, 8);
  return key;
}
