import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const PATH = '/callback';

/** A page on loopback that the browser is sent back to (RFC 8252 section 7.3). */
export class RedirectListener {
  readonly #server: Server;
  readonly #arrival: Promise<URL>;
  #arrived: (url: URL) => void = () => {};
  #state = '';

  private constructor() {
    this.#arrival = new Promise((resolve) => {
      this.#arrived = resolve;
    });
    this.#server = createServer({ requestTimeout: 10_000 }, (request, response) => {
      const url = new URL(request.url ?? '/', this.redirectUri);
      const mine =
        request.method === 'GET' && url.pathname === PATH && url.searchParams.get('state') === this.#state;
      response.writeHead(mine ? 200 : 404, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'",
        connection: 'close',
      });
      const failed = url.searchParams.has('error');
      response.end(mine ? page(failed ? FAILED : DONE) : page('Nothing is here.'));
      if (mine) this.#arrived(url);
    });
  }

  /** Listens on 127.0.0.1. @param port 0: any that is free */
  static async listen(port: number): Promise<RedirectListener> {
    const listener = new RedirectListener();
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen(port, '127.0.0.1', resolve);
    });
    return listener;
  }

  get redirectUri(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${PATH}`;
  }

  /** The address the browser came back to with this state. What comes with another is not looked at. */
  returned(state: string): Promise<URL> {
    this.#state = state;
    return this.#arrival;
  }

  close(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }
}

const DONE = 'You are signed in. This page may be closed.';
const FAILED = 'The sign-in failed. The terminal says why; this page may be closed.';
const page = (text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>sallyport login</title><p>${text}</p></html>\n`;
