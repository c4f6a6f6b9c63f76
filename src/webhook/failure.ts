import { isIP } from 'node:net';
import { quote } from '../meta/go-quote.ts';
import { withoutPassword } from '../meta/url-password.ts';

/** A request to a webhook that got no usable answer. */
export interface WebhookFailure {
  /** In client-go's words; never holds what was sent or who sent it. */
  message: string;
  /** 0 where there was no answer at all. */
  status: number;
  /** The reason of the Status that answered, or the one client-go makes of the code. */
  reason: string;
  /** Worth another try (apiserver pkg/util/webhook, DefaultShouldRetry). */
  retriable: boolean;
  timedOut: boolean;
  /** As the server asked by Retry-After or in its Status. */
  retryAfterSeconds: number;
}

interface GenericAnswer {
  reason: string;
  message: string;
}

/** What client-go makes of a code without a Status beside it (apimachinery pkg/api/errors, NewGenericServerResponse). */
function genericAnswer(code: number, serverMessage: string): GenericAnswer {
  switch (code) {
    case 400:
      return { reason: 'BadRequest', message: 'the server rejected our request for an unknown reason' };
    case 401:
      return {
        reason: 'Unauthorized',
        message: 'the server has asked for the client to provide credentials',
      };
    case 403:
      return { reason: 'Forbidden', message: serverMessage };
    case 404:
      return { reason: 'NotFound', message: 'the server could not find the requested resource' };
    case 405:
      return {
        reason: 'MethodNotAllowed',
        message: 'the server does not allow this method on the requested resource',
      };
    case 406: {
      const words = 'the server was unable to respond with a content type that the client supports';
      return {
        reason: 'NotAcceptable',
        message: serverMessage === '' || serverMessage === 'unknown' ? words : serverMessage,
      };
    }
    case 409:
      return { reason: 'AlreadyExists', message: 'the server reported a conflict' };
    case 415:
      return { reason: 'UnsupportedMediaType', message: serverMessage };
    case 422:
      return { reason: 'Invalid', message: 'the server rejected our request due to an error in our request' };
    case 429:
      return {
        reason: 'TooManyRequests',
        message: 'the server has received too many requests and has asked us to try again later',
      };
    case 503:
      return {
        reason: 'ServiceUnavailable',
        message: 'the server is currently unable to handle the request',
      };
    case 504:
      return {
        reason: 'Timeout',
        message:
          'the server was unable to return a response in the time allotted, but may still be processing the request',
      };
  }
  if (code >= 500)
    return {
      reason: 'InternalError',
      message: `an error on the server (${quote(serverMessage)}) has prevented the request from succeeding`,
    };
  return {
    reason: '',
    message: `the server responded with the status code ${code} but did not return more information`,
  };
}

/** An answer that is a failure: its Status where it has one, else words by its code (client-go rest/request.go). */
export function failedAnswer(
  status: number,
  contentType: string,
  body: string,
  retryAfterSeconds: number,
): WebhookFailure {
  const text = contentType.startsWith('text/') ? body.trim() : 'unknown';
  let { reason, message } = genericAnswer(status, text);
  let seconds = retryAfterSeconds;
  const told = statusOf(body);
  if (told) {
    reason = told.reason ?? '';
    message = told.message ?? '';
    seconds = told.details?.retryAfterSeconds ?? 0;
  }
  const retriable =
    ['InternalError', 'Timeout', 'TooManyRequests', 'ServerTimeout'].includes(reason) || seconds > 0;
  return { message, status, reason, retriable, timedOut: reason === 'Timeout', retryAfterSeconds: seconds };
}

interface ToldStatus {
  reason?: string;
  message?: string;
  details?: { retryAfterSeconds?: number };
}

function statusOf(body: string): ToldStatus | undefined {
  try {
    const value = JSON.parse(body) as Record<string, unknown>;
    return value?.['kind'] === 'Status' && value['status'] === 'Failure' ? (value as ToldStatus) : undefined;
  } catch {
    return undefined;
  }
}

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

/** A request that got no answer, in Go's words. `url` as it was asked for. */
export function failedRequest(
  url: string,
  error: NodeJS.ErrnoException,
  method: 'Post' | 'Get' = 'Post',
): WebhookFailure {
  const code = error.code ?? '';
  const reset = code === 'ECONNRESET' || code === 'EPIPE';
  return {
    message: `${method} ${quote(withoutPassword(url))}: ${networkWords(url, error)}`,
    status: 0,
    reason: '',
    retriable: reset,
    timedOut: code === 'ETIMEDOUT',
    retryAfterSeconds: 0,
  };
}

export function timedOutRequest(url: string, words: string): WebhookFailure {
  return {
    message: `Post ${quote(withoutPassword(url))}: ${words}`,
    status: 0,
    reason: '',
    retriable: false,
    timedOut: true,
    retryAfterSeconds: 0,
  };
}

function networkWords(url: string, error: NodeJS.ErrnoException): string {
  const { code = '', address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const where =
    address === undefined ? new URL(url).host : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const host = new URL(url).hostname;
  if (UNKNOWN_AUTHORITY.has(code))
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${where}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${where}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${where}: connect: network is unreachable`;
    case 'ETIMEDOUT':
      return `dial tcp ${where}: i/o timeout`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: no such host`;
    case 'ECONNRESET':
      return error.message === 'socket hang up' ? 'EOF' : `read tcp ${where}: read: connection reset by peer`;
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return nameWords(error as AltNameError);
    default:
      return error.message;
  }
}

interface AltNameError extends Error {
  host: string;
  cert?: { subjectaltname?: string };
}

/** Addresses are compared with addresses and names with names, and only those are told. */
function nameWords({ host, cert }: AltNameError): string {
  const names = (cert?.subjectaltname ?? '').split(', ');
  const [prefix, none] = isIP(host)
    ? ['IP Address:', `cannot validate certificate for ${host} because it doesn't contain any IP SANs`]
    : ['DNS:', 'certificate relies on legacy Common Name field, use SANs instead'];
  const fitting = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const words = fitting.length ? `certificate is valid for ${fitting.join(', ')}, not ${host}` : none;
  return `tls: failed to verify certificate: x509: ${words}`;
}
