import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { failedRequest } from '../../webhook/failure.ts';
import { answerText } from '../answer.ts';
import type { ApiRequest } from '../api-request.ts';
import type { ResponseHeaders } from '../exchange.ts';
import { type Backend, type Backends, identityHeaders } from './backend.ts';

/** kube-aggregator gives discovery no longer. */
const DISCOVERY_MS = 5000;

/** Fields of one connection, not of the message (RFC 9110 7.6.1, RFC 9113 8.2.2), and what only this server may say. */
const NOT_PASSED_ON = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'host',
  'audit-id',
  'expect',
]);
const IDENTITIES = /^(x-remote-|impersonate-)/;

export interface ProxyOptions {
  backends: Backends;
  /** Lower-case names, and prefixes, of the fields that --requestheader-* flags name: callers may not forge them further on. */
  identityHeaders: { names: ReadonlySet<string>; prefixes: readonly string[] };
}

/** Passes a request on to the server behind an APIService, and its answer back (kube-aggregator handler_proxy.go). */
export async function forward(request: ApiRequest, backend: Backend, options: ProxyOptions): Promise<void> {
  const { exchange, info } = request;
  const target = exchange.query === '' ? exchange.path : `${exchange.path}?${exchange.query}`;
  const prepared = options.backends.prepare(backend, target);
  if (!prepared.ok) return answerText(request, 503, 'service unavailable\n');
  const upgrade = exchange.upgrade && exchange.header('upgrade');
  const headers = {
    ...passedOn(request, options),
    ...prepared.options.headers,
    ...identityHeaders(request.user),
    'Audit-Id': request.auditId,
    'X-Forwarded-For': [...exchange.headerValues('x-forwarded-for'), exchange.remoteAddress].join(', '),
    'X-Forwarded-Host': exchange.host,
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Uri': exchange.path,
    ...(upgrade ? { Connection: 'Upgrade', Upgrade: upgrade } : {}),
  };
  const outgoing = httpsRequest({
    ...prepared.options,
    method: exchange.method,
    headers,
    // A connection that is upgraded is nobody else's afterwards.
    ...(upgrade ? { agent: false } : {}),
  } as RequestOptions);
  const discovery = !info.isResourceRequest && info.path.split('/').filter(Boolean).length === 3;
  if (discovery)
    outgoing.setTimeout(DISCOVERY_MS, () => outgoing.destroy(new Error('context deadline exceeded')));

  await new Promise<void>((done) => {
    exchange.onClose(() => {
      outgoing.destroy();
      done();
    });
    outgoing.on('error', (error) => {
      if (!exchange.closed && request.record.status === undefined) {
        const words = failedRequest(prepared.url, error, 'Get').message.replace(/^Get "[^"]*": /, '');
        answerText(request, 503, `error trying to reach service: ${words}\n`);
      }
      done();
    });
    outgoing.on('response', (response) => {
      relay(request, response);
      response.on('close', done);
    });
    outgoing.on('upgrade', (response, socket, head) => {
      void switchProtocols(request, response, socket, head).then(done);
    });
    const { method } = exchange;
    const bodiless =
      upgrade || ((method === 'GET' || method === 'HEAD') && exchange.header('content-length') === undefined);
    if (bodiless) outgoing.end();
    else exchange.source().pipe(outgoing);
  });
}

function passedOn(request: ApiRequest, { identityHeaders: own }: ProxyOptions): ResponseHeaders {
  const { exchange } = request;
  const headers: ResponseHeaders = {};
  for (const name of exchange.headerNames()) {
    if (name.startsWith(':') || NOT_PASSED_ON.has(name) || IDENTITIES.test(name)) continue;
    if (own.names.has(name) || own.prefixes.some((prefix) => name.startsWith(prefix))) continue;
    const values = exchange.headerValues(name);
    headers[name] = values.length === 1 ? values[0]! : values;
  }
  return headers;
}

function relay(request: ApiRequest, response: IncomingMessage): void {
  const { exchange } = request;
  if (exchange.closed) return;
  const status = response.statusCode ?? 502;
  const headers: ResponseHeaders = {};
  for (const [name, value] of Object.entries(response.headersDistinct)) {
    if (NOT_PASSED_ON.has(name) || !value) continue;
    headers[name] = value.length === 1 ? value[0]! : value;
  }
  request.record.status = status;
  const out = exchange.stream(status, request.answerHeaders(headers));
  response.on('error', () => out.destroy());
  response.on('aborted', () => out.destroy());
  response.pipe(out);
}

/** The backend has agreed to another protocol: from here on bytes go to and fro as they come. */
async function switchProtocols(
  request: ApiRequest,
  response: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const client = request.exchange.upgrade!;
  request.record.status = 101;
  if (request.audit) await request.audit.started(101);
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2)
    lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  client.socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  if (head.length) client.socket.write(head);
  if (client.head.length) socket.write(client.head);
  const over = new Promise<void>((done) => {
    for (const [one, other] of [
      [client.socket, socket],
      [socket, client.socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        done();
      });
    }
  });
  socket.pipe(client.socket);
  client.socket.pipe(socket);
  await over;
}
