import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request } from 'node:https';

export interface Credentials {
  ca: string;
  certificate?: { cert: string; key: string };
  token?: string;
}

export interface OpenWatch {
  /** Resolves when the server has ended it, to how many milliseconds since 1970 it was then. */
  ended: Promise<number>;
  isOpen(): boolean;
  /** How many events have come. */
  events(): number;
}

/** One connection to a server that is kept, over either version of HTTP, for requests and for watches. */
export interface Connection {
  readonly version: '1.1' | '2';
  get(path: string): Promise<{ status: number; body: string }>;
  /** Resolves once the answer has begun. */
  watch(path: string): Promise<OpenWatch>;
  close(): void;
}

export function connection(version: '1.1' | '2', port: number, credentials: Credentials): Connection {
  return version === '2' ? http2(port, credentials) : http1(port, credentials);
}

/** Each event is a line. */
const lines = (chunk: Buffer): number => chunk.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);

function http2(port: number, { ca, certificate, token }: Credentials): Connection {
  const session: ClientHttp2Session = connect(`https://127.0.0.1:${port}`, { ca, ...certificate });
  session.on('error', () => {});
  const open = (path: string) =>
    session.request({ ':path': path, ...(token ? { authorization: `Bearer ${token}` } : {}) });
  return {
    version: '2',
    get: (path) =>
      new Promise((resolve, reject) => {
        const stream = open(path);
        let status = 0;
        let body = '';
        stream.on('response', (headers) => {
          status = headers[':status']!;
        });
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => {
          body += text;
        });
        stream.on('end', () => resolve({ status, body }));
        stream.on('error', reject);
      }),
    watch: (path) =>
      new Promise((resolve, reject) => {
        const stream = open(path);
        let isOpen = true;
        const ended = new Promise<number>((over) => {
          stream.on('close', () => {
            isOpen = false;
            over(Date.now());
          });
        });
        let events = 0;
        stream.on('data', (chunk: Buffer) => {
          events += lines(chunk);
        });
        stream.on('error', () => {});
        stream.on('response', (headers) =>
          headers[':status'] === 200
            ? resolve({ ended, isOpen: () => isOpen, events: () => events })
            : reject(new Error(`watch: ${headers[':status']}`)),
        );
      }),
    close: () => session.destroy(),
  };
}

function http1(port: number, { ca, certificate, token }: Credentials): Connection {
  const common = {
    host: '127.0.0.1',
    port,
    ca,
    ...certificate,
    headers: token ? { authorization: `Bearer ${token}` } : {},
  };
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const watching = new Agent({ keepAlive: true });
  return {
    version: '1.1',
    get: (path) =>
      new Promise((resolve, reject) => {
        const sent = request({ ...common, path, agent: kept }, (answer) => {
          let body = '';
          answer.setEncoding('utf8');
          answer.on('data', (text: string) => {
            body += text;
          });
          answer.on('end', () => resolve({ status: answer.statusCode!, body }));
          answer.on('error', reject);
        });
        sent.on('error', reject);
        sent.end();
      }),
    watch: (path) =>
      new Promise((resolve, reject) => {
        const sent = request({ ...common, path, agent: watching }, (answer) => {
          let isOpen = true;
          const ended = new Promise<number>((over) => {
            answer.on('close', () => {
              isOpen = false;
              over(Date.now());
            });
          });
          let events = 0;
          answer.on('data', (chunk: Buffer) => {
            events += lines(chunk);
          });
          answer.on('error', () => {});
          if (answer.statusCode === 200) resolve({ ended, isOpen: () => isOpen, events: () => events });
          else reject(new Error(`watch: ${answer.statusCode}`));
        });
        sent.on('error', reject);
        sent.end();
      }),
    close: () => {
      kept.destroy();
      watching.destroy();
    },
  };
}
