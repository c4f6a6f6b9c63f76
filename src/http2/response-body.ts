import { Writable } from 'node:stream';
import { ErrorCode } from './error-code.ts';
import type { ServerStream } from './stream.ts';

interface Written {
  chunk: Buffer;
}

/** The body of an answer that is written bit by bit. A write is done once both windows and the connection had room for it. */
export class ResponseBody extends Writable {
  readonly #stream: ServerStream;

  constructor(stream: ServerStream) {
    super({ decodeStrings: true });
    this.#stream = stream;
    // A client that resets its stream is no fault of ours.
    this.on('error', () => {});
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#stream.send(chunk, false, done);
  }

  override _writev(written: Written[], done: () => void): void {
    const bytes = written.length === 1 ? written[0]!.chunk : Buffer.concat(written.map(({ chunk }) => chunk));
    this.#stream.send(bytes, false, done);
  }

  override _final(done: () => void): void {
    this.#stream.send(NOTHING, true, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // One that was not written to its end may not look as if it were.
    if (!this.#stream.isClosed) this.#stream.reset(error ? ErrorCode.INTERNAL_ERROR : ErrorCode.CANCEL);
    done(error);
  }
}

const NOTHING = Buffer.alloc(0);
