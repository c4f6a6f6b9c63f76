import type { Status, StatusError } from '../meta/status.ts';
import type { ApiRequest } from './api-request.ts';
import { encodeProtobuf, encodeYaml } from './codec.ts';
import { compress, GZIP_BYTES } from './compression.ts';
import type { ResponseHeaders } from './exchange.ts';
import {
  MEDIA_TYPES,
  type MediaType,
  type Negotiated,
  NO_TRANSFORM,
  negotiate,
  prettyPrint,
} from './negotiation.ts';

/** The answer is out: notes its status and that the request has ended. */
function sent(request: ApiRequest, status: number): void {
  request.record.status = status;
}

export function answerBytes(
  request: ApiRequest,
  status: number,
  headers: ResponseHeaders,
  body: Uint8Array | string,
): void {
  sent(request, status);
  request.exchange.respond(status, request.answerHeaders(headers), body);
}

/** Plain text, as Go's http.Error writes it: with nosniff. */
export function answerText(
  request: ApiRequest,
  status: number,
  text: string,
  headers: ResponseHeaders = {},
): void {
  answerBytes(
    request,
    status,
    { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
    text,
  );
}

export function answerPageNotFound(request: ApiRequest): void {
  answerText(request, 404, '404 page not found\n');
}

/** Any object, in the media type negotiated for it. */
export function answerObject(
  request: ApiRequest,
  status: number,
  negotiated: Pick<Negotiated, 'mediaType' | 'pretty'>,
  object: Record<string, unknown>,
  headers?: ResponseHeaders,
): void {
  request.audit?.events.responseObject(object);
  const own: ResponseHeaders = { 'content-type': negotiated.mediaType };
  if (headers) Object.assign(own, headers);
  const body = encode(object, negotiated.mediaType, negotiated.pretty);
  if (body.length < GZIP_BYTES) return answerBytes(request, status, own, body);
  sent(request, status);
  void compress(request, Buffer.from(body as never)).then((sendable) =>
    answerBytes(request, status, { ...own, ...sendable.headers }, sendable.body),
  );
}

/** JSON, with the line's end that Go's encoder writes where it does not indent, or the same as YAML or protobuf. */
export function encode(
  object: Record<string, unknown>,
  mediaType: MediaType,
  pretty: boolean,
): Uint8Array | string {
  if (mediaType === 'application/yaml') return encodeYaml(object);
  if (mediaType === 'application/vnd.kubernetes.protobuf') return encodeProtobuf(object);
  return pretty ? JSON.stringify(object, null, 2) : `${JSON.stringify(object)}\n`;
}

/** What an answer looks like that is in no format that was asked for (responsewriters.WriteRawJSON). */
const UNASKED = { mediaType: 'application/json', pretty: true } as const;

export function wantsPretty(request: ApiRequest): boolean {
  const { exchange } = request;
  return prettyPrint(
    exchange.query === '' ? null : request.query.get('pretty'),
    exchange.header('user-agent'),
  );
}

/** A Status, in the format asked for; JSON where nobody serves what was asked for (responsewriters.ErrorNegotiated). */
export function answerStatus(request: ApiRequest, error: StatusError, headers: ResponseHeaders = {}): void {
  const chosen = negotiate(request.exchange.header('accept'), MEDIA_TYPES, NO_TRANSFORM);
  const status: Status = error.status;
  const retry = status.details?.retryAfterSeconds;
  answerObject(
    request,
    status.code,
    chosen ? { ...chosen, pretty: chosen.pretty || wantsPretty(request) } : UNASKED,
    status as never,
    {
      ...(retry ? { 'retry-after': String(retry) } : {}),
      ...headers,
    },
  );
}
