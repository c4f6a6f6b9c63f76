import { quote } from '../../meta/go-quote.ts';

/** A URL taken apart as Go's net/url does. */
export interface GoUrl {
  scheme: string;
  opaque: string;
  /** As written, with `@` behind it; empty if there is none. */
  userinfo: string;
  /** Host and port, unescaped. */
  host: string;
  /** Unescaped. */
  path: string;
  /** As written, if escaping the path would give something else. */
  rawPath: string;
  rawQuery: string;
  forceQuery: boolean;
  fragment: string;
}

class UrlError extends Error {}

/** Parses as url.ParseRequestURI (no fragment, absolute) or url.Parse; the words of the error if it fails. */
export function parseUrl(text: string, request: boolean): { url: GoUrl } | { problem: string } {
  const hash = request ? -1 : text.indexOf('#');
  const [whole, fragment] = hash < 0 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)];
  try {
    const url = parse(whole, request);
    url.fragment = fragment === '' ? '' : percentDecode(fragment, 'fragment');
    return { url };
  } catch (problem) {
    if (!(problem instanceof UrlError)) throw problem;
    return { problem: `parse ${quote(text)}: ${problem.message}` };
  }
}

function parse(text: string, request: boolean): GoUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw new UrlError('net/url: invalid control character in URL');
  if (text === '' && request) throw new UrlError('empty url');
  const url: GoUrl = {
    scheme: '',
    opaque: '',
    userinfo: '',
    host: '',
    path: '',
    rawPath: '',
    rawQuery: '',
    forceQuery: false,
    fragment: '',
  };
  if (text === '*') return { ...url, path: '*' };
  if (text.startsWith(':')) throw new UrlError('missing protocol scheme');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? '';
  url.scheme = scheme.toLowerCase();
  let rest = scheme === '' ? text : text.slice(scheme.length + 1);
  const question = rest.indexOf('?');
  if (question >= 0 && question === rest.length - 1) {
    url.forceQuery = true;
    rest = rest.slice(0, -1);
  } else if (question >= 0) {
    url.rawQuery = rest.slice(question + 1);
    rest = rest.slice(0, question);
  }
  if (!rest.startsWith('/')) {
    if (url.scheme !== '') return { ...url, opaque: rest };
    if (request) throw new UrlError('invalid URI for request');
    if (rest.split('/')[0]!.includes(':'))
      throw new UrlError('first path segment in URL cannot contain colon');
  }
  if ((url.scheme !== '' || (!request && !rest.startsWith('///'))) && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2);
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash < 0 ? '' : rest.slice(slash);
    readAuthority(url, authority);
  }
  url.path = percentDecode(rest, 'path');
  if (escapePath(url.path) !== rest) url.rawPath = rest;
  return url;
}

function readAuthority(url: GoUrl, authority: string): void {
  const at = authority.lastIndexOf('@');
  url.host = readHost(authority.slice(at + 1));
  if (at < 0) return;
  const userinfo = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new UrlError('net/url: invalid userinfo');
  percentDecode(userinfo, 'user');
  url.userinfo = `${userinfo}@`;
}

function readHost(host: string): string {
  let portFrom = host.lastIndexOf(':');
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close < 0) throw new UrlError("missing ']' in host");
    checkPort(host.slice(close + 1));
    const zone = host.slice(0, close).indexOf('%25');
    if (zone >= 0) {
      return (
        percentDecode(host.slice(0, zone), 'host') +
        percentDecode(host.slice(zone, close), 'zone') +
        host.slice(close)
      );
    }
    portFrom = -1;
  }
  if (portFrom >= 0) checkPort(host.slice(portFrom));
  return percentDecode(host, 'host');
}

function checkPort(port: string): void {
  if (port !== '' && !/^:[0-9]*$/.test(port)) throw new UrlError(`invalid port ${quote(port)} after host`);
}

type Part = 'path' | 'host' | 'zone' | 'user' | 'query' | 'fragment';

/** Takes %-escapes out; throws for what is none, and for characters a host cannot have. */
function percentDecode(text: string, part: Part): string {
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let i = 0; i < source.length; i++) {
    const byte = source[i]!;
    const char = String.fromCharCode(byte);
    if (char === '%') {
      const hex = source.subarray(i + 1, i + 3).toString('latin1');
      const whole = source.subarray(i, i + 3).toString();
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) throw new UrlError(`invalid URL escape ${quote(whole)}`);
      const code = Number.parseInt(hex, 16);
      if (part === 'host' && code < 0x80 && whole !== '%25')
        throw new UrlError(`invalid URL escape ${quote(whole)}`);
      if (part === 'zone' && whole !== '%25' && code !== 0x20 && isUnsafeHost(String.fromCharCode(code))) {
        throw new UrlError(`invalid URL escape ${quote(whole)}`);
      }
      bytes.push(code);
      i += 2;
    } else if (char === '+' && part === 'query') bytes.push(0x20);
    else {
      if ((part === 'host' || part === 'zone') && byte < 0x80 && isUnsafeHost(char)) {
        throw new UrlError(`invalid character ${quote(char)} in host name`);
      }
      bytes.push(byte);
    }
  }
  return Buffer.from(bytes).toString();
}

function isUnsafeHost(char: string): boolean {
  return !/^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]$/.test(char);
}

function escapePath(path: string): string {
  return [...Buffer.from(path)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /^[A-Za-z0-9\-_.~$&+,/:;=@]$/.test(char)
        ? char
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** The path as it goes over the wire: as written where that is a sound way of writing it. */
export function escapedPath(url: GoUrl): string {
  if (url.rawPath !== '' && /^[A-Za-z0-9\-_.~$&+,/:;=@!'()*%[\]]*$/.test(url.rawPath)) return url.rawPath;
  return url.path === '*' ? '*' : escapePath(url.path);
}

/** The host without port and brackets. */
export function hostname(url: GoUrl): string {
  return splitHost(url.host)[0];
}

/** The port's digits, empty if there is none. */
export function port(url: GoUrl): string {
  return splitHost(url.host)[1];
}

function splitHost(host: string): [string, string] {
  let [name, number] = [host, ''];
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && /^:[0-9]*$/.test(host.slice(colon))) {
    name = host.slice(0, colon);
    number = host.slice(colon + 1);
  }
  if (name.startsWith('[') && name.endsWith(']')) name = name.slice(1, -1);
  return [name, number];
}

/** The query's values by name, in order; pairs that cannot be read are left out. */
export function queryValues(url: GoUrl): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of url.rawQuery.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    try {
      const key = percentDecode(equals < 0 ? pair : pair.slice(0, equals), 'query');
      const value = equals < 0 ? '' : percentDecode(pair.slice(equals + 1), 'query');
      const known = values.get(key);
      if (known) known.push(value);
      else values.set(key, [value]);
    } catch (problem) {
      if (!(problem instanceof UrlError)) throw problem;
    }
  }
  return values;
}

/** The URL put together again. */
export function urlText(url: GoUrl): string {
  let out = url.scheme === '' ? '' : `${url.scheme}:`;
  if (url.opaque !== '') out += url.opaque;
  else {
    if (url.scheme !== '' || url.host !== '' || url.userinfo !== '') {
      if (url.host !== '' || url.path !== '' || url.userinfo !== '') out += '//';
      out += url.userinfo + url.host;
    }
    const path = escapedPath(url);
    if (path !== '' && !path.startsWith('/') && url.host !== '') out += '/';
    out += path;
  }
  if (url.forceQuery || url.rawQuery !== '') out += `?${url.rawQuery}`;
  return url.fragment === '' ? out : `${out}#${url.fragment}`;
}
