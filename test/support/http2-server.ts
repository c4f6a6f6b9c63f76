import { randomBytes } from 'node:crypto';
import { issueCertificate } from '../../src/pki/authority.ts';
import type { Exchange } from '../../src/server/exchange.ts';
import { drained } from '../../src/server/handlers/list-body.ts';
import { Listener, type ListenerOptions } from '../../src/server/listener.ts';
import { RawClient, type RawClientOptions } from './http2-raw-client.ts';

/** Bodies up to this many bytes are taken. */
export const BODY_LIMIT = 1 << 20;

/** So many bytes, of which no two stretches are the same for long. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >>> 8) * 17 + (i >>> 16)) & 0xff;
  return bytes;
}

/** A listener of this process behind which every path does something of its own, and what was asked of it. */
export class ListenerServer {
  readonly port: number;
  readonly listener: Listener;
  /** Requests that were served, in order. */
  readonly exchanges: Exchange[] = [];
  /** Bodies that did not come whole. */
  readonly brokenBodies: Exchange[] = [];
  /** What is done with requests for /wild. */
  wild: (exchange: Exchange) => void = () => {};
  readonly #clients: RawClient[] = [];

  private constructor(listener: Listener, port: number) {
    this.listener = listener;
    this.port = port;
  }

  static async start(options: Partial<ListenerOptions> = {}): Promise<ListenerServer> {
    const { certificate, key } = await issueCertificate(
      { commonName: 'sallyport', usages: ['server'], ipAddresses: ['127.0.0.1'], days: 1 },
      Date.now(),
    );
    let server: ListenerServer | undefined;
    const listener = new Listener(
      { address: '127.0.0.1', port: 0, tls: { cert: certificate, key }, ...options },
      (exchange) => server!.#serve(exchange),
    );
    server = new ListenerServer(listener, await listener.listen());
    return server;
  }

  async client(options?: RawClientOptions): Promise<RawClient> {
    const client = await RawClient.connect(this.port, options);
    this.#clients.push(client);
    return client;
  }

  /** Ends the connections that tests opened, and waits until the server has seen it. */
  async reset(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    const exchanges = this.exchanges.splice(0);
    this.brokenBodies.length = 0;
    const isOver = (): boolean => exchanges.every(({ closed }) => closed);
    for (const deadline = Date.now() + 3000; !isOver(); ) {
      if (Date.now() > deadline)
        throw new Error('the client is gone, and the server thinks that a request is under way');
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await this.listener.close(0);
  }

  /** The request for this path, as soon as it is there. */
  async exchange(path: string): Promise<Exchange> {
    for (const deadline = Date.now() + 8000; ; ) {
      const found = this.exchanges.find((one) => one.path === path);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`nobody asked for ${path}`);
      await new Promise((done) => setTimeout(done, 2));
    }
  }

  #serve(exchange: Exchange): void {
    this.exchanges.push(exchange);
    const size = Math.min(Number(exchange.query) || 0, 10_000_000);
    switch (exchange.path.split('/')[1]) {
      // For the test to answer.
      case 'hold':
        return;
      case 'echo':
        this.#echo(exchange).catch(() => this.brokenBodies.push(exchange));
        return;
      case 'bytes':
        return exchange.respond(200, { 'content-type': 'application/octet-stream' }, pattern(size));
      case 'text':
        return exchange.respond(200, { 'content-type': 'text/plain' }, 'ä€𝄞x'.repeat(size));
      case 'stream':
        this.#stream(exchange, pattern(size)).catch(() => {});
        return;
      // Nothing that compression makes shorter.
      case 'wide':
        return exchange.respond(200, { 'x-wide': randomBytes(3000).toString('base64') }, '');
      case 'wild':
        return this.wild(exchange);
      case 'fields':
        return exchange.respond(200, { 'content-type': 'application/json' }, fieldsOf(exchange));
      default:
        return exchange.respond(200, { 'content-type': 'text/plain' }, 'ok');
    }
  }

  async #echo(exchange: Exchange): Promise<void> {
    const body = await exchange.body(BODY_LIMIT);
    exchange.respond(body ? 200 : 413, {}, body ?? 'too long');
  }

  async #stream(exchange: Exchange, body: Buffer): Promise<void> {
    const out = exchange.stream(200, {});
    for (let at = 0; at < body.length && !out.destroyed; at += 1000)
      if (!out.write(body.subarray(at, at + 1000))) await drained(out);
    out.end();
  }
}

const fieldsOf = (exchange: Exchange): string =>
  JSON.stringify({
    method: exchange.method,
    path: exchange.path,
    query: exchange.query,
    host: exchange.host,
    version: exchange.httpVersion,
    fields: Object.fromEntries(exchange.headerNames().map((name) => [name, exchange.headerValues(name)])),
  });
