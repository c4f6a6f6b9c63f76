import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { AuditBackend } from './backend.ts';
import { BatchingBackend } from './batch.ts';
import { AuditEvent, legacyLine } from './event.ts';
import { LogBackend } from './log-backend.ts';
import { RotatingFile } from './rotating-file.ts';
import { sourceIps } from './source-ips.ts';
import { TruncatingBackend } from './truncate.ts';

const event = (auditId: string, requestObject?: string): AuditEvent =>
  new AuditEvent({
    level: 'Request',
    auditId,
    stage: 'ResponseComplete',
    requestUri: '/api',
    verb: 'get',
    user: { name: 'jane', groups: ['a"b'] },
    impersonatedUser: undefined,
    impersonationConstraint: undefined,
    sourceIps: ['192.0.2.1'],
    userAgent: 'test',
    objectRef: undefined,
    responseStatus: { code: 200 },
    requestObject,
    responseObject: undefined,
    receivedAt: 0,
    stageAt: 1.5,
    annotations: new Map([
      ['z', '1'],
      ['a', '2'],
    ]),
  });

class Memory implements AuditBackend {
  readonly batches: string[][] = [];
  async process(events: readonly AuditEvent[]): Promise<boolean> {
    this.batches.push(events.map(({ fields }) => fields.auditId));
    return true;
  }
  async close(): Promise<void> {}
}

describe('audit backends', () => {
  const folders: string[] = [];
  const folder = (): string => {
    folders.push(mkdtempSync(join(tmpdir(), 'audit-')));
    return folders[folders.length - 1]!;
  };
  afterEach(() => {
    for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
  });

  it('write events as JSON with sorted annotations, or as a line', () => {
    expect(JSON.parse(event('x').text)).toMatchObject({
      kind: 'Event',
      auditID: 'x',
      stageTimestamp: '1970-01-01T00:00:00.001500Z',
    });
    expect(event('x').text).toContain('"annotations":{"a":"2","z":"1"}');
    expect(legacyLine(event('x'))).toContain(
      'user="jane" groups="\\"a\\\\\\"b\\"" as="<self>" asgroups="<lookup>"',
    );
  });

  it('put a file aside, keep some of them and compress', async () => {
    const path = join(folder(), 'audit.log');
    const file = new RotatingFile(path, {
      maxBytes: 10,
      maxAgeDays: 0,
      maxBackups: 2,
      compress: true,
      now: () => 0,
    });
    for (const text of ['one-12345\n', 'two-12345\n', 'three-1234\n', 'four\n', 'five-12345\n'])
      await file.append(Buffer.from(text));
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('five-12345\n');
    const aside = readdirSync(join(path, '..'))
      .filter((name) => name !== 'audit.log')
      .sort();
    expect(aside).toHaveLength(2);
    expect(aside.map((name) => gunzipSync(readFileSync(join(path, '..', name))).toString())).toEqual([
      'three-1234\n',
      'four\n',
    ]);
  });

  it('answer a request once its line is written, in order', async () => {
    const written: string[] = [];
    const releases: (() => void)[] = [];
    const sink = {
      append: (bytes: Buffer) =>
        new Promise<void>((done) =>
          releases.push(() => {
            written.push(bytes.toString());
            done();
          }),
        ),
      close: async () => {},
    };
    const backend = new LogBackend(sink, 'json', () => {});
    const order: string[] = [];
    const all = ['a', 'b', 'c'].map((id) => backend.process([event(id)]).then(() => order.push(id)));
    releases.shift()!();
    await all[0];
    expect(order).toEqual(['a']);
    await Promise.resolve();
    releases.shift()!();
    await Promise.all(all);
    expect(order).toEqual(['a', 'b', 'c']);
    expect(written.join('').match(/"auditID":"(.)"/g)).toHaveLength(3);
  });

  it('say what is lost, and go on', async () => {
    const lost: [string, number][] = [];
    let full = true;
    const sink = {
      append: async () => {
        if (full) throw new Error('no space left on device');
      },
      close: async () => {},
    };
    const backend = new LogBackend(sink, 'json', (why, events) => lost.push([why, events]));
    expect(await backend.process([event('a')])).toBe(false);
    full = false;
    expect(await backend.process([event('b')])).toBe(true);
    expect(lost).toEqual([['no space left on device', 1]]);
  });

  it('gather batches, lose what does not fit, and send the rest at the end', async () => {
    const memory = new Memory();
    const lost: number[] = [];
    const options = { bufferSize: 3, maxSize: 2, maxWaitMs: 60_000, throttle: false, qps: 0, burst: 0 };
    const backend = new BatchingBackend(memory, options, {
      lost: (_why, events) => lost.push(events),
      concurrent: false,
    });
    await backend.process(['a', 'b', 'c', 'd'].map((id) => event(id)));
    await backend.process([event('e')]);
    await backend.close();
    expect(memory.batches.flat()).toEqual(['a', 'b', 'c', 'e']);
    expect(memory.batches[0]).toEqual(['a', 'b']);
    expect(lost).toEqual([1]);
  });

  it('take objects out of events that are too large, and split batches', async () => {
    const memory = new Memory();
    const lost: string[] = [];
    const small = event('small').bytes;
    const backend = new TruncatingBackend(
      memory,
      { enabled: true, maxBatchBytes: small * 2, maxEventBytes: small + 60 },
      (why) => lost.push(why),
    );
    await backend.process([event('a'), event('b', JSON.stringify('x'.repeat(5000))), event('c')]);
    expect(memory.batches.flat()).toEqual(['a', 'b', 'c']);
    expect(memory.batches.length).toBeGreaterThan(1);
    expect(lost).toEqual([]);
  });

  it('tell where a request comes from', () => {
    const headers: Record<string, string> = {
      'x-forwarded-for': '203.0.113.9, junk, 2001:db8::1',
      'x-real-ip': '203.0.113.9',
    };
    expect(sourceIps((name) => headers[name], '::ffff:192.0.2.1')).toEqual([
      '203.0.113.9',
      '2001:db8::1',
      '192.0.2.1',
    ]);
  });
});
