import { once } from 'node:events';
import { type ClientHttp2Session, connect, sensitiveHeaders } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HpackDecoder } from './decoder.ts';
import { type FieldValue, HpackEncoder } from './encoder.ts';

/** Node's HTTP/2 client is nghttp2: it reads what the encoder writes, and writes what the decoder reads. */

const PREFACE = 24;
const FRAME_HEADER = 9;
const HEADERS = 1;
const SETTINGS = 4;
const CONTINUATION = 9;
const ACK = 1;
const END_HEADERS = 4;
const END_STREAM_AND_HEADERS = 5;
const PRIORITY = 0x20;
const HEADER_TABLE_SIZE = 1;

interface Answer {
  status: number;
  fields: Record<string, FieldValue>;
}

/** Just enough of a server: it answers each request with what `answers` has next, and keeps the fields that it read. */
class Peer {
  readonly requests: (readonly string[] | undefined)[] = [];
  readonly answers: Answer[] = [];
  readonly encoder = new HpackEncoder();
  readonly #decoder: HpackDecoder;
  readonly #socket: Socket;
  #unread = Buffer.alloc(0);
  #begun = false;
  #block = Buffer.alloc(0);
  blockLengths: number[] = [];

  constructor(socket: Socket, tableSize: number) {
    this.#socket = socket;
    this.#decoder = new HpackDecoder({ tableSize, maxListSize: 1 << 20 });
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(HEADER_TABLE_SIZE);
    settings.writeUInt32BE(tableSize, 2);
    this.#send(SETTINGS, 0, 0, settings);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#read(chunk);
      } catch (err) {
        socket.destroy(err as Error);
      }
    });
  }

  #read(chunk: Buffer): void {
    let unread = Buffer.concat([this.#unread, chunk]);
    if (!this.#begun && unread.length >= PREFACE) {
      this.#begun = true;
      unread = unread.subarray(PREFACE);
    }
    while (this.#begun && unread.length >= FRAME_HEADER) {
      const end = FRAME_HEADER + unread.readUIntBE(0, 3);
      if (unread.length < end) break;
      this.#frame(unread[3]!, unread[4]!, unread.readUInt32BE(5), unread.subarray(FRAME_HEADER, end));
      unread = unread.subarray(end);
    }
    this.#unread = unread;
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === SETTINGS && flags !== ACK) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) === HEADER_TABLE_SIZE) {
          this.encoder.setMaxTableSize(payload.readUInt32BE(at + 2));
        }
      }
      this.#send(SETTINGS, ACK, 0, Buffer.alloc(0));
    }
    if (type !== HEADERS && type !== CONTINUATION) return;
    const part = type === HEADERS && flags & PRIORITY ? payload.subarray(5) : payload;
    this.#block = Buffer.concat([this.#block, part]);
    if ((flags & END_HEADERS) === 0) return;
    this.blockLengths.push(this.#block.length);
    this.requests.push(this.#decoder.decode(this.#block, 0, this.#block.length));
    this.#block = Buffer.alloc(0);
    const { status, fields } = this.answers.shift()!;
    const into = Buffer.alloc(16_000);
    const end = this.encoder.encode(status, fields, into, 0);
    this.#send(HEADERS, END_STREAM_AND_HEADERS, stream, into.subarray(0, end));
  }

  #send(type: number, flags: number, stream: number, payload: Buffer): void {
    const head = Buffer.alloc(FRAME_HEADER);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    this.#socket.write(Buffer.concat([head, payload]));
  }
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function start(tableSize: number): Promise<{ client: ClientHttp2Session; peer: Peer }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ];
  cleanups.push(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  const peer = new Peer(socket, tableSize);
  await once(client, 'remoteSettings');
  return { client, peer };
}

type Fields = Record<string, string | string[]>;

async function exchange(client: ClientHttp2Session, peer: Peer, request: Fields, answer: Answer) {
  peer.answers.push(answer);
  const stream = client.request(request, { endStream: true });
  const [headers] = await once(stream, 'response');
  stream.resume();
  await once(stream, 'close');
  return { read: peer.requests.at(-1)!, headers: headers as Record<string | symbol, unknown> };
}

/** As node gives them: one string a name, apart from set-cookie. */
function asRead({ status, fields }: Answer): Record<string, unknown> {
  const all: Record<string, unknown> = { ':status': status };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    all[name] = name === 'set-cookie' ? value : [value].flat().map(String).join(', ');
  }
  return all;
}

/** What was sent in the order that node sends it: pseudo headers first. */
function asSent(request: Fields): string[] {
  const all: string[] = [];
  for (const [name, value] of Object.entries(request)) for (const one of [value].flat()) all.push(name, one);
  return all;
}

/** No blanks at the ends: HTTP has none there. */
const value = fc.oneof(
  fc.constantFrom('a', 'no-cache, private', 'application/json', 'b'.repeat(60)),
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  }),
  fc.integer({ min: 1, max: 3000 }).map((length) => 'c'.repeat(length)),
);
const requestName = fc.constantFrom(
  'accept',
  'user-agent',
  'authorization',
  'x-one',
  'x-two',
  'x-three-name',
);
const answerName = fc.constantFrom(
  'content-type',
  'audit-id',
  'date',
  'cache-control',
  'x-pf',
  'x-other',
  'link',
);

describe('nghttp2', () => {
  it.each([4096, 65_536, 300, 0])(
    'is understood and understands, with a table of %i bytes',
    async (tableSize) => {
      const { client, peer } = await start(tableSize);
      const exchanges = fc.sample(
        fc.record({
          path: fc.constantFrom(
            '/',
            '/api/v1/namespaces/default/pods?limit=500',
            '/apis/apps/v1/deployments',
          ),
          request: fc.dictionary(requestName, value, { maxKeys: 5 }),
          status: fc.constantFrom(200, 201, 404, 409, 422, 503),
          answer: fc.dictionary(answerName, value, { maxKeys: 4 }),
          cookies: fc.array(value, { maxLength: 2 }),
          sizes: fc.option(fc.array(fc.constantFrom(0, 100, 1000, 4096, 65_536), { maxLength: 3 }), {
            nil: [],
            freq: 6,
          }),
        }),
        150,
      );
      for (const { path, request, status, answer, cookies, sizes } of exchanges) {
        for (const headerTableSize of sizes) {
          client.settings({ headerTableSize });
          await once(client, 'localSettings');
        }
        const sent: Fields = {
          ':method': 'GET',
          ':path': path,
          ':scheme': 'http',
          ':authority': 'sallyport.test',
          ...request,
        };
        const fields = cookies.length > 0 ? { ...answer, 'set-cookie': cookies } : answer;
        const { read, headers } = await exchange(client, peer, sent, { status, fields });
        expect(read).toEqual(asSent(sent));
        expect(Object.fromEntries(Object.entries(headers))).toEqual(asRead({ status, fields }));
        // What must not be indexed on the way either.
        expect(headers[sensitiveHeaders]).toEqual(cookies.map(() => 'set-cookie'));
      }
      // Its tables were used: a request that is known takes a few octets.
      const known: Fields = {
        ':method': 'GET',
        ':path': '/',
        ':scheme': 'http',
        ':authority': 'sallyport.test',
      };
      // To enter the table, a field may drive out another one of them, which then enters anew.
      for (let i = 0; i < 4; i++) {
        await exchange(client, peer, { ...known, 'x-one': 'b'.repeat(60) }, { status: 200, fields: {} });
      }
      if (tableSize >= 4096) expect(peer.blockLengths.at(-1)).toBe(5);
    },
  );

  it('is understood in blocks of several frames', async () => {
    const { client, peer } = await start(4096);
    const sent: Fields = {
      ':method': 'GET',
      ':path': '/',
      ':scheme': 'http',
      ':authority': 'sallyport.test',
    };
    for (let i = 0; i < 12; i++) sent[`x-${i}`] = `${i}~`.repeat(2000);
    for (let i = 0; i < 2; i++) {
      const { read } = await exchange(client, peer, sent, { status: 200, fields: { 'audit-id': `${i}` } });
      expect(read).toEqual(asSent(sent));
    }
    expect(peer.blockLengths.at(-1)).toBeGreaterThan(16_384);
  });
});
