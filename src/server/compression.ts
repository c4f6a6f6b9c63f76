import { gzip } from 'node:zlib';
import type { ApiRequest } from './api-request.ts';
import type { ResponseHeaders } from './exchange.ts';

/** Answers shorter than this are sent as they are (endpoints/handlers/responsewriters, defaultGzipThresholdBytes). */
export const GZIP_BYTES = 128 * 1024;

/** The body as gzip where the client takes it and it is long enough to pay. */
export async function compress(
  request: ApiRequest,
  body: Buffer,
): Promise<{ body: Buffer; headers: ResponseHeaders }> {
  if (body.length < GZIP_BYTES) return { body, headers: {} };
  if (!acceptsGzip(request)) return { body, headers: { vary: 'Accept-Encoding' } };
  const packed = await new Promise<Buffer>((resolve, reject) => {
    gzip(body, { level: 1 }, (error, result) => (error ? reject(error) : resolve(result)));
  });
  return { body: packed, headers: { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } };
}

export function acceptsGzip(request: ApiRequest): boolean {
  const accepts = request.exchange.header('accept-encoding') ?? '';
  return accepts.split(',').some((coding) => coding.trim() === 'gzip');
}
