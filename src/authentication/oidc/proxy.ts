import { request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for an HTTPS address: HTTPS_PROXY, unless NO_PROXY has the host; undefined where
 * there is none. This machine itself is never asked through a proxy (golang.org/x/net/http/httpproxy).
 */
export function proxyFor(
  host: string,
  port: number,
  environment: Environment = process.env,
): URL | undefined {
  const proxy = environment['HTTPS_PROXY'] || environment['https_proxy'] || '';
  if (proxy === '') return undefined;
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || LOOPBACK.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4')) return undefined;
  const spared = environment['NO_PROXY'] || environment['no_proxy'] || '';
  if (spared.split(',').some((entry) => spares(entry.trim().toLowerCase(), bare, port))) return undefined;
  const url = proxy.includes('://') ? proxy : `http://${proxy}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function spares(entry: string, host: string, port: number): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const subnet = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (subnet) {
    const [, base = '', bits] = subnet;
    const family = isIP(base);
    if (family === 0 || isIP(host) !== family || Number(bits) > (family === 4 ? 32 : 128)) return false;
    const list = new BlockList();
    list.addSubnet(base, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
  }
  const withPort = isIP(entry) ? null : /^(.*):(\d+)$/.exec(entry);
  if (withPort && Number(withPort[2]) !== port) return false;
  const name = (withPort?.[1] ?? entry).replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  if (isIP(host)) return name === host;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

/** An agent whose connections go through the proxy that the environment names for their host, if any. */
export class ProxyAwareAgent extends Agent {
  readonly #environment: Environment;

  constructor(options: AgentOptions, environment: Environment = process.env) {
    super(options);
    this.#environment = environment;
  }

  override createConnection(
    options: RequestOptions,
    done: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const { host, port, path: _, ...tls } = options as ConnectionOptions & { host: string; port: number };
    const proxy = proxyFor(host, port, this.#environment);
    if (!proxy) return super.createConnection(options, done);
    const fail = (error: Error): void => done(error, undefined as never);
    const target = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    const tunnel = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { host: target, ...credentials(proxy) },
      agent: false,
      timeout: 30_000,
    });
    tunnel.on('timeout', () => tunnel.destroy(new Error('the proxy does not answer')));
    tunnel.on('error', (error) => fail(new Error(`proxyconnect tcp: ${error.message}`)));
    tunnel.on('connect', (answer, socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        fail(new Error(answer.statusMessage || `HTTP ${answer.statusCode} from the proxy`));
        return;
      }
      done(null, connect({ ...tls, socket, ...(isIP(host) ? { host } : { servername: host }) }));
    });
    tunnel.end();
    return undefined;
  }
}

function credentials({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}
