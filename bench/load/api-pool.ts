import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

export interface Answered {
  status: number;
  text: string;
  retryAfter?: string | undefined;
}

/** Requests over a few HTTP/2 connections, as those of a client-go process go; a connection that ends is made anew. */
export class ApiPool {
  readonly #url: string;
  readonly #ca: string | undefined;
  readonly #sessions: (ClientHttp2Session | undefined)[];
  #next = 0;

  /** `url` without a slash at its end; `ca` in PEM. */
  constructor(url: string, ca: string | undefined, connections: number) {
    this.#url = url;
    this.#ca = ca;
    this.#sessions = new Array(connections).fill(undefined);
  }

  #session(): ClientHttp2Session {
    const at = this.#next++ % this.#sessions.length;
    const there = this.#sessions[at];
    if (there && !there.closed && !there.destroyed) return there;
    const session = connect(this.#url, {
      ...(this.#ca ? { ca: this.#ca } : { rejectUnauthorized: false }),
      settings: { initialWindowSize: 4 << 20 },
    });
    session.on('error', () => {});
    session.on('connect', () => session.setLocalWindowSize(64 << 20));
    session.on('goaway', () => {
      if (this.#sessions[at] === session) this.#sessions[at] = undefined;
    });
    this.#sessions[at] = session;
    return session;
  }

  ask(
    method: string,
    path: string,
    token: string,
    body?: object,
    type = 'application/json',
  ): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(method, path, token, body && type);
      let status = 0;
      let retryAfter: string | undefined;
      let text = '';
      stream.setEncoding('utf8');
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
        retryAfter = headers['retry-after'];
      });
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('end', () => {
        if (status) resolve({ status, text, retryAfter });
      });
      stream.on('error', reject);
      stream.on('close', () => reject(new Error(`${method} ${path}: no answer`)));
      stream.end(body && JSON.stringify(body));
    });
  }

  /** An answer that goes on: its lines one by one. `ended` is called once. */
  lines(
    path: string,
    token: string,
    line: (text: string) => void,
    ended: (status: number) => void,
  ): () => void {
    const stream = this.#open('GET', path, token);
    let status = 0;
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.on('data', (chunk: string) => {
      rest += chunk;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        line(rest.slice(0, end));
        rest = rest.slice(end + 1);
      }
    });
    stream.on('error', () => {});
    stream.on('close', () => ended(status));
    stream.end();
    return () => stream.close();
  }

  #open(method: string, path: string, token: string, type?: string): ClientHttp2Stream {
    return this.#session().request({
      ':method': method,
      ':path': path,
      authorization: `Bearer ${token}`,
      ...(type ? { 'content-type': type } : {}),
    });
  }

  close(): void {
    for (const session of this.#sessions) session?.destroy();
  }
}
