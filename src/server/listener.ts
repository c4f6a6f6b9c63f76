import {
  createServer as createHttp1,
  type Server as Http1Server,
  type IncomingMessage,
  ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createServer as createTls,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { CertificateDer } from '../authentication/authenticator.ts';
import { Http2Server } from '../http2/server.ts';
import type { Exchange, Peer } from './exchange.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';

export interface ListenerOptions {
  address: string;
  port: number;
  /** PEM: certificate chain, key, and the CAs whose names clients are told. */
  tls: SecureContextOptions;
  /** The least TLS version taken; kube-apiserver's default is 1.2. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's list; absent: Node.js' own. */
  ciphers?: string;
  /** The certificate for clients that name this host; undefined: that of all others. */
  sni?(host: string): SecureContext | undefined;
  http2?: boolean;
  /** Streams a client may have open on one connection; kube-apiserver's default is 250. */
  maxStreams?: number;
  /** Something of ours broke while a connection was read, and the connection was ended. */
  onFault?(error: unknown): void;
}

type SniDone = (error: Error | null, context?: SecureContext) => void;

/** How long a client may take to shake hands, and to send the head of its first request (Go's ReadHeaderTimeout there). */
const HEAD_MS = 32_000;

const peers = new WeakMap<object, Peer>();

/**
 * TLS with HTTP/2 and HTTP/1.1 on one port. Client certificates are asked for and never refused here: whether one
 * is good is for the authenticators to say, at each request.
 */
export class Listener {
  readonly #tls: TlsServer;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions, serve: (exchange: Exchange) => void) {
    this.#options = options;
    this.#http1 = createHttp1(
      {
        keepAliveTimeout: 90_000,
        connectionsCheckingInterval: 5000,
        requestTimeout: 0,
        headersTimeout: HEAD_MS,
        maxHeaderSize: 1 << 20,
      },
      (request, response) => {
        serve(new Http1Exchange(request, response, peerOf(request.socket as TLSSocket)));
      },
    );
    // Requests to change the protocol: who cannot do that answers them like any other, and the connection ends.
    this.#http1.on('upgrade', (request: IncomingMessage, socket: TLSSocket, head: Buffer) => {
      whenAnswered(socket, () => {
        const response = new ServerResponse(request);
        response.shouldKeepAlive = false;
        socket.setTimeout(0);
        response.assignSocket(socket);
        response.once('finish', () => socket.end());
        serve(new Http1Exchange(request, response, peerOf(socket), { socket, head }));
      });
    });
    this.#http2 = new Http2Server({
      maxStreams: options.maxStreams ?? 250,
      monotonic: () => performance.now(),
      firstRequestMs: HEAD_MS,
      ...(options.onFault ? { onFault: options.onFault } : {}),
    });
    this.#tls = createTls({
      ...options.tls,
      minVersion: options.minVersion ?? 'TLSv1.2',
      ...(options.ciphers ? { ciphers: options.ciphers } : {}),
      ALPNProtocols: options.http2 === false ? ['http/1.1'] : ['h2', 'http/1.1'],
      ...(options.sni
        ? { SNICallback: (host: string, done: SniDone) => done(null, options.sni!(host)) }
        : {}),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: HEAD_MS,
    });
    // A server that does not listen itself watches over slow heads once it is told that it does.
    this.#http1.emit('listening');
    this.#tls.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
      socket.setNoDelay(true);
      remember(socket);
      if (socket.alpnProtocol === 'h2') {
        const peer = peerOf(socket);
        const connection = this.#http2.accept(socket, (stream) =>
          serve(new Http2Exchange(stream, connection, peer)),
        );
      } else this.#http1.emit('connection', socket);
    });
    // Handshakes that fail are the client's affair.
    this.#tls.on('tlsClientError', () => {});
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tls.once('error', reject);
      this.#tls.listen(this.#options.port, this.#options.address, () => {
        this.#tls.removeListener('error', reject);
        resolve((this.#tls.address() as AddressInfo).port);
      });
    });
  }

  /** New connections get these certificates; open ones go on. */
  renew(tls: SecureContextOptions): void {
    // What is not said again would fall back to Node's own.
    const { minVersion = 'TLSv1.2', ciphers } = this.#options;
    this.#tls.setSecureContext({ ...tls, minVersion, ...(ciphers ? { ciphers } : {}) });
  }

  /** Takes no more connections, lets open requests end, and closes what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    this.#http1.closeIdleConnections();
    this.#http2.close();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    const idle = setInterval(() => this.#http1.closeIdleConnections(), 50);
    await closed;
    clearTimeout(timer);
    clearInterval(idle);
    this.#http1.close();
  }
}

/** Reads the peer's certificates once per connection: the chain costs more than everything else of a handshake here. */
function remember(socket: TLSSocket): void {
  const certificates: CertificateDer[] = [];
  const peer = socket.getPeerCertificate(true);
  if (peer?.raw) {
    for (let cert: typeof peer | undefined = peer; cert?.raw && certificates.length < 20; ) {
      certificates.push(cert.raw);
      const next: typeof peer | undefined = cert.issuerCertificate;
      cert = next === cert || (next?.raw && certificates.some((c) => next.raw.equals(c))) ? undefined : next;
    }
  }
  peers.set(socket, { certificates, address: socket.remoteAddress ?? '' });
}

/** Calls back once the answers to earlier requests on this connection are out. */
function whenAnswered(socket: TLSSocket, then: () => void): void {
  const before = (socket as TLSSocket & { _httpMessage?: ServerResponse | null })._httpMessage;
  if (before) before.once('finish', () => whenAnswered(socket, then));
  else if (!socket.destroyed) then();
}

function peerOf(socket: TLSSocket): Peer {
  return peers.get(socket)!;
}
