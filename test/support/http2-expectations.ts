import { expect } from 'vitest';
import { type Frame, TYPE } from './http2-frames.ts';
import type { RawClient } from './http2-raw-client.ts';

/** The connection ends, with a GOAWAY that says why (RFC 9113 section 5.4.1). */
export async function expectConnectionError(client: RawClient, ...codes: readonly number[]): Promise<void> {
  const code = await client.end();
  expect(codes, client.story()).toContain(code);
}

/** The stream ends with one of these codes, and the connection goes on (RFC 9113 section 5.4.2). */
export async function expectStreamError(
  client: RawClient,
  streamId: number,
  ...codes: readonly number[]
): Promise<void> {
  const { payload } = await client.frame(TYPE.RST_STREAM, streamId);
  expect(codes, client.story()).toContain(payload.readUInt32BE());
  expect(await client.isAlive(), client.story()).toBe(true);
}

/** The stream or the whole connection ends with one of these codes. */
export async function expectError(
  client: RawClient,
  streamId: number,
  ...codes: readonly number[]
): Promise<void> {
  const isError = ({ type, streamId: id }: Frame): boolean =>
    type === TYPE.GOAWAY || (type === TYPE.RST_STREAM && id === streamId);
  const found = await client.next(isError, `error on stream ${streamId}`);
  expect(found, client.story()).toBeDefined();
  const code = found!.payload.readUInt32BE(found!.type === TYPE.GOAWAY ? 4 : 0);
  expect(codes, client.story()).toContain(code);
}
