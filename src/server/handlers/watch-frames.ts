/**
 * Joins the frames that a watch sends in one turn to one piece. Watches of the same things send the same frames, and then
 * share the piece: the last one is remembered, since those who are told of a commit are told one after the other.
 */
export class JoinedFrames {
  #frames: readonly Uint8Array[] = [];
  #piece: Uint8Array = new Uint8Array();

  of(frames: readonly Uint8Array[]): Uint8Array {
    if (frames.length === 1) return frames[0]!;
    if (!isSame(frames, this.#frames)) {
      this.#piece = Buffer.concat(frames);
      this.#frames = frames;
    }
    return this.#piece;
  }

  /** Lets go of the last piece. */
  clear(): void {
    this.#frames = [];
    this.#piece = new Uint8Array();
  }
}

function isSame(a: readonly object[], b: readonly object[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** What has frames to write. */
export interface FrameWriter {
  flush(joined: JoinedFrames): void;
}

const waiting: FrameWriter[] = [];
const joined = new JoinedFrames();

/**
 * Has `flush` called once all of a turn's events have been told, such as those of one commit. A watch that writes once for
 * many events costs a fraction of one that writes for each.
 */
export function flushSoon(writer: FrameWriter): void {
  if (waiting.push(writer) === 1) queueMicrotask(flushAll);
}

function flushAll(): void {
  for (const writer of waiting.splice(0)) writer.flush(joined);
  joined.clear();
}
