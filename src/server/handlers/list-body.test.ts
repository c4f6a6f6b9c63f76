import { PassThrough, Readable, type Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ApiRequest } from '../api-request.ts';
import type { Exchange, ResponseHeaders } from '../exchange.ts';
import { answerLongBody, type LongBody } from './list-body.ts';

function asked(accepts = '') {
  const answered: { status: number; headers: ResponseHeaders; body: Buffer }[] = [];
  const streamed = new PassThrough({ highWaterMark: 64 * 1024 });
  let streamHeaders: ResponseHeaders | undefined;
  const exchange: Exchange = {
    method: 'GET',
    path: '/api/v1/configmaps',
    query: '',
    httpVersion: '2',
    host: '',
    remoteAddress: '192.0.2.1',
    certificates: [],
    header: (name) => (name === 'accept-encoding' ? accepts : undefined),
    headerValues: () => [],
    headerNames: () => [],
    body: async () => undefined,
    source: () => Readable.from([]),
    respond: (status, headers, body) =>
      void answered.push({ status, headers, body: Buffer.from(body as never) }),
    stream: (_status, headers): Writable => {
      streamHeaders = headers;
      return streamed;
    },
    onClose: () => {},
    cut: () => {},
    get closed() {
      return streamed.destroyed;
    },
  };
  return { request: new ApiRequest(exchange, 0, 0), answered, streamed, headers: () => streamHeaders };
}

/** `count` elements of about so many bytes; notes how many were made. */
function bodyOf(count: number, bytes: number) {
  let made = 0;
  const body: LongBody = {
    head: '{"items":[',
    count,
    size: () => bytes,
    piece: (i) => {
      made++;
      return Buffer.from(JSON.stringify({ i, text: 'ü'.repeat(bytes / 2) }));
    },
    check: () => {},
    tail: ']}\n',
  };
  return { body, made: () => made };
}

const read = async (stream: Readable): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

describe('a long body', () => {
  it.each([0, 1, 3])('of %d small elements goes out whole', async (count) => {
    const { request, answered } = asked();
    await answerLongBody(request, bodyOf(count, 10).body);
    expect(answered).toHaveLength(1);
    expect(JSON.parse(answered[0]!.body.toString()).items).toHaveLength(count);
  });

  it('goes out in pieces where it is long', async () => {
    const { request, streamed, answered, headers } = asked();
    const whole = read(streamed);
    await answerLongBody(request, bodyOf(3000, 1000).body);
    const { items } = JSON.parse((await whole).toString());
    expect(items.map((item: { i: number }) => item.i)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    expect(answered).toEqual([]);
    expect(headers()).toMatchObject({ 'content-type': 'application/json', vary: 'Accept-Encoding' });
    expect(request.record.status).toBe(200);
  });

  it('takes an element that is longer than a piece', async () => {
    const { request, streamed } = asked();
    const whole = read(streamed);
    await answerLongBody(request, bodyOf(5, 400_000).body);
    expect(JSON.parse((await whole).toString()).items).toHaveLength(5);
  });

  it('is zipped for who takes it', async () => {
    const { request, streamed, headers } = asked('deflate, gzip');
    const whole = read(streamed);
    await answerLongBody(request, bodyOf(3000, 1000).body);
    const zipped = await whole;
    expect(zipped.length).toBeLessThan(300_000);
    expect(JSON.parse(gunzipSync(zipped).toString()).items).toHaveLength(3000);
    expect(headers()).toMatchObject({ 'content-encoding': 'gzip' });
  });

  it('is not made before somebody reads it', async () => {
    const { request, streamed } = asked();
    const { body, made } = bodyOf(10_000, 1000);
    const answering = answerLongBody(request, body);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(made()).toBeGreaterThan(0);
    expect(made()).toBeLessThan(500);
    const whole = await read(streamed);
    await answering;
    expect(JSON.parse(whole.toString()).items).toHaveLength(10_000);
  });

  it('is given up where the client goes away', async () => {
    const { request, streamed } = asked();
    const { body, made } = bodyOf(10_000, 1000);
    const answering = answerLongBody(request, body);
    await new Promise((resolve) => setImmediate(resolve));
    streamed.destroy();
    await answering;
    expect(made()).toBeLessThan(1000);
  });

  it('that cannot be made is not begun', async () => {
    const { request, answered, headers } = asked();
    const { body } = bodyOf(3000, 1000);
    const check = (i: number): void => {
      if (i === 2999) throw new Error('the last one is broken');
    };
    await expect(answerLongBody(request, { ...body, check })).rejects.toThrow('the last one is broken');
    expect(headers()).toBeUndefined();
    expect(answered).toEqual([]);
  });
});
