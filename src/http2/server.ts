import type { Duplex } from 'node:stream';
import { Connection, type ConnectionOptions } from './connection.ts';

/** A connection on which nothing was asked for that long, in milliseconds, is closed: kube-apiserver's IdleTimeout. */
const IDLE_MS = 90_000;
const SWEEP_MS = 5000;

export interface Http2ServerOptions extends Omit<ConnectionOptions, 'onRequest'> {
  /** How long a client may take to send its first request, in milliseconds. */
  firstRequestMs: number;
}

/** The HTTP/2 connections of a server: begins them and ends them. Who may connect, and how, is its caller's affair. */
export class Http2Server {
  readonly #options: Http2ServerOptions;
  readonly #connections = new Set<Connection>();
  #sweeper: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: Http2ServerOptions) {
    this.#options = options;
  }

  /** Serves a connection whose peer speaks HTTP/2. */
  accept(socket: Duplex, onRequest: ConnectionOptions['onRequest']): Connection {
    const connection = new Connection(socket, { ...this.#options, onRequest });
    this.#connections.add(connection);
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    socket.once('close', () => {
      this.#connections.delete(connection);
      if (this.#connections.size > 0) return;
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    });
    // One whose handshake was under way when the others were told.
    if (this.#isClosing) connection.close();
    return connection;
  }

  /** Ends all connections once what is under way on them has been answered. */
  close(): void {
    this.#isClosing = true;
    for (const connection of this.#connections) connection.close();
  }

  #sweep(): void {
    const now = this.#options.monotonic();
    for (const connection of this.#connections) {
      const since = connection.idleSince;
      if (since === undefined) continue;
      if (connection.isFresh && now - since > this.#options.firstRequestMs) connection.destroy();
      else if (now - since > IDLE_MS) connection.close();
    }
  }
}
