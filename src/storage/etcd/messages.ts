import { ProtoReader, ProtoWriter } from '../protobuf-wire.ts';
import type { StoredValue, StoreEvent } from '../store.ts';

/** The messages of etcd's API v3 that the store needs (etcd api/etcdserverpb/rpc.proto, api/mvccpb/kv.proto). */

export interface RangeRequest {
  key: Buffer;
  /** Absent: this key alone. */
  end?: Buffer;
  limit?: number;
  revision?: number;
  keysOnly?: boolean;
  countOnly?: boolean;
  /** Gives only keys written at this revision or later; `count` stays that of all. */
  minModRevision?: number;
}

export interface RangeResponse {
  revision: number;
  values: StoredValue[];
  count: number;
}

export type Operation =
  | { range: RangeRequest }
  | { put: { key: Buffer; value: Uint8Array; lease: bigint; previous: boolean } }
  | { delete: { key: Buffer; previous: boolean } };

/** What a key must be for a transaction to take its first branch. */
export interface Condition {
  key: Buffer;
  /** 0: it must not exist. */
  modRevision?: number;
  /** How often it has been written since it was made. */
  version?: number;
}

export interface TxnResponse {
  revision: number;
  succeeded: boolean;
  /** What each operation found: a range's values, a put's or a delete's previous one. */
  results: StoredValue[][];
  /** The version (number of writes) of the first value found. */
  version: number;
}

export interface WatchResponse {
  revision: number;
  created: boolean;
  canceled: boolean;
  compactRevision: number;
  cancelReason: string;
  /** More of the same revision follows. */
  fragment: boolean;
  events: StoreEvent[];
}

const equal = 0;
const compareVersion = 0;
const compareModRevision = 2;

function rangeMessage(request: RangeRequest): ProtoWriter {
  return new ProtoWriter()
    .bytes(1, request.key)
    .bytes(2, request.end ?? Buffer.alloc(0))
    .int(3, request.limit ?? 0)
    .int(4, request.revision ?? 0)
    .bool(8, request.keysOnly ?? false)
    .bool(9, request.countOnly ?? false)
    .int(10, request.minModRevision ?? 0);
}

export function encodeRange(request: RangeRequest): Buffer {
  return rangeMessage(request).finish();
}

export function encodeTxn(
  condition: Condition | undefined,
  success: readonly Operation[],
  failure: readonly Operation[] = [],
): Buffer {
  const writer = new ProtoWriter();
  if (condition) {
    const { key, modRevision, version } = condition;
    const compare = new ProtoWriter().int(1, equal);
    if (version === undefined)
      compare
        .int(2, compareModRevision)
        .bytes(3, key)
        .int(6, modRevision ?? 0);
    else compare.int(2, compareVersion).bytes(3, key).int(4, version);
    writer.message(1, compare);
  }
  for (const operation of success) writer.message(2, operationMessage(operation));
  for (const operation of failure) writer.message(3, operationMessage(operation));
  return writer.finish();
}

function operationMessage(operation: Operation): ProtoWriter {
  if ('range' in operation) return new ProtoWriter().message(1, rangeMessage(operation.range));
  if ('put' in operation) {
    const { key, value, lease, previous } = operation.put;
    const put = new ProtoWriter().bytes(1, key).bytes(2, value).int(3, lease).bool(4, previous);
    return new ProtoWriter().message(2, put);
  }
  const { key, previous } = operation.delete;
  return new ProtoWriter().message(3, new ProtoWriter().bytes(1, key).bool(3, previous));
}

export function encodeCompaction(revision: number): Buffer {
  return new ProtoWriter().int(1, revision).finish();
}

export function encodeLeaseGrant(ttlSeconds: number): Buffer {
  return new ProtoWriter().int(1, ttlSeconds).finish();
}

export function encodeWatchCreate(key: Buffer, end: Buffer | undefined, startRevision: number): Buffer {
  const create = new ProtoWriter()
    .bytes(1, key)
    .bytes(2, end ?? Buffer.alloc(0))
    .int(3, startRevision)
    .bool(4, true)
    .bool(6, true)
    .bool(8, true);
  return new ProtoWriter().message(1, create).finish();
}

export function encodeWatchProgress(): Buffer {
  return new ProtoWriter().message(3, new ProtoWriter()).finish();
}

export function decodeRange(bytes: Buffer): RangeResponse {
  const response: RangeResponse = { revision: 0, values: [], count: 0 };
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) response.revision = headerRevision(reader.bytes());
    else if (field === 2) response.values.push(decodeKeyValue(reader.bytes()).stored);
    else if (field === 4) response.count = reader.int();
    else reader.skip();
  }
  return response;
}

export function decodeTxn(bytes: Buffer): TxnResponse {
  const response: TxnResponse = { revision: 0, succeeded: false, results: [], version: 0 };
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) response.revision = headerRevision(reader.bytes());
    else if (field === 2) response.succeeded = reader.bool();
    else if (field === 3) response.results.push(decodeOperationResponse(reader.bytes(), response));
    else reader.skip();
  }
  return response;
}

function decodeOperationResponse(bytes: Buffer, response: TxnResponse): StoredValue[] {
  const values: StoredValue[] = [];
  const outer = new ProtoReader(bytes);
  for (let kind = outer.next(); kind !== 0; kind = outer.next()) {
    const reader = new ProtoReader(outer.bytes());
    // A range's values and a put's previous one are field 2, a delete's previous ones field 3.
    const wanted = kind === 3 ? 3 : 2;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== wanted) {
        reader.skip();
        continue;
      }
      const { stored, version } = decodeKeyValue(reader.bytes());
      response.version ||= version;
      values.push(stored);
    }
  }
  return values;
}

export function decodeLeaseGrant(bytes: Buffer): { id: bigint; ttlSeconds: number } {
  const response = { id: 0n, ttlSeconds: 0 };
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) response.id = reader.bigint();
    else if (field === 3) response.ttlSeconds = reader.int();
    else reader.skip();
  }
  return response;
}

/** The version of the member that answered, such as `3.5.13`. */
export function decodeStatus(bytes: Buffer): string {
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) return reader.string();
    reader.skip();
  }
  return '';
}

export function decodeWatch(bytes: Buffer): WatchResponse {
  const response: WatchResponse = {
    revision: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: '',
    fragment: false,
    events: [],
  };
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) response.revision = headerRevision(reader.bytes());
    else if (field === 3) response.created = reader.bool();
    else if (field === 4) response.canceled = reader.bool();
    else if (field === 5) response.compactRevision = reader.int();
    else if (field === 6) response.cancelReason = reader.string();
    else if (field === 7) response.fragment = reader.bool();
    else if (field === 11) response.events.push(decodeEvent(reader.bytes()));
    else reader.skip();
  }
  return response;
}

function decodeEvent(bytes: Buffer): StoreEvent {
  let deleted = false;
  let current: StoredValue | undefined;
  let previous: StoredValue | undefined;
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) deleted = reader.int() === 1;
    else if (field === 2) current = decodeKeyValue(reader.bytes()).stored;
    else if (field === 3) previous = decodeKeyValue(reader.bytes()).stored;
    else reader.skip();
  }
  if (!current) throw new RangeError('an event has no key');
  const { key, revision, value, createRevision } = current;
  const event: StoreEvent = deleted
    ? { type: 'delete', key, revision }
    : { type: 'put', key, revision, value, createRevision };
  if (previous) event.previous = { value: previous.value, revision: previous.revision };
  return event;
}

function decodeKeyValue(bytes: Buffer): { stored: StoredValue; version: number } {
  const stored: StoredValue = { key: '', value: empty, revision: 0, createRevision: 0 };
  let version = 0;
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) stored.key = reader.string();
    else if (field === 2) stored.createRevision = reader.int();
    else if (field === 3) stored.revision = reader.int();
    else if (field === 4) version = reader.int();
    else if (field === 5) stored.value = reader.bytes();
    else reader.skip();
  }
  return { stored, version };
}

const empty = Buffer.alloc(0);

function headerRevision(bytes: Buffer): number {
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3) return reader.int();
    reader.skip();
  }
  return 0;
}
