import { describe, expect, it } from 'vitest';
import { ConnectionError, ErrorCode } from './error-code.ts';
import { FRAME_HEAD, PREFACE, writeFrameHead } from './frame.ts';
import { FrameReader } from './frame-reader.ts';

function frame(type: number, payload: string, streamId = 1): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD + payload.length);
  bytes.write(payload, writeFrameHead(bytes, 0, payload.length, type, 0, streamId));
  return bytes;
}

function reader(): { push(bytes: Buffer): void; frames: string[] } {
  const frames: string[] = [];
  const read = new FrameReader((type, _flags, id, bytes, start, end) =>
    frames.push(`${type} ${id} ${bytes.toString('latin1', start, end)}`),
  );
  return { push: (bytes) => read.push(bytes), frames };
}

describe('FrameReader', () => {
  const sent = Buffer.concat([
    PREFACE,
    frame(4, '', 0),
    frame(0, 'hello'),
    frame(9, 'x'.repeat(300), 0x7fffffff),
  ]);
  const read = ['4 0 ', '0 1 hello', `9 2147483647 ${'x'.repeat(300)}`];

  it('cuts frames out of what comes at once', () => {
    const { push, frames } = reader();
    push(sent);
    expect(frames).toEqual(read);
  });

  it.each([1, 2, 7, 9, 100])('cuts frames out of pieces of %i bytes', (size) => {
    const { push, frames } = reader();
    for (let at = 0; at < sent.length; at += size) push(sent.subarray(at, at + size));
    expect(frames).toEqual(read);
  });

  it('passes over the reserved bit of the stream', () => {
    const { push, frames } = reader();
    const reserved = frame(0, 'a', 5);
    reserved[5] = 0x80;
    push(Buffer.concat([PREFACE, reserved]));
    expect(frames).toEqual(['0 5 a']);
  });

  it('refuses what does not begin as HTTP/2 does', () => {
    const { push } = reader();
    push(PREFACE.subarray(0, 10));
    expect(() => push(Buffer.from('GET / HTTP/1.1'))).toThrow(ConnectionError);
  });

  it('refuses a frame that is too long as soon as its head says so', () => {
    const { push } = reader();
    const head = Buffer.alloc(FRAME_HEAD);
    writeFrameHead(head, 0, 16_385, 0, 0, 1);
    expect(() => push(Buffer.concat([PREFACE, head]))).toThrow(
      expect.objectContaining({ code: ErrorCode.FRAME_SIZE_ERROR }),
    );
  });
});
