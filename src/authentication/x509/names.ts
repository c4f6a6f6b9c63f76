import { DerError, DerReader, stringValue, TAG } from './der.ts';

/** The names of a certificate that name constraints speak of. */
export interface GeneralNames {
  dns: readonly string[];
  email: readonly string[];
  uri: readonly string[];
  ip: readonly Uint8Array[];
}

/** One side of nameConstraints, per kind of name; ip constraints are an address with its mask behind it. */
export type Subtrees = GeneralNames;

export interface NameConstraints {
  permitted: Subtrees;
  excluded: Subtrees;
  /** It limits kinds of names that are not understood here; if it is critical, the chain must not verify. */
  unknown: boolean;
}

const IA5 = (content: Uint8Array): string => stringValue({ tag: TAG.ia5String, raw: content, content })!;

/** The GeneralNames of subjectAltName (RFC 5280 4.2.1.6); kinds other than these four are passed over. */
export function parseGeneralNames(content: Uint8Array): GeneralNames {
  const names = { dns: [] as string[], email: [] as string[], uri: [] as string[], ip: [] as Uint8Array[] };
  const reader = new DerReader(content);
  while (!reader.done) {
    const name = reader.next();
    if (name.tag === 0x81) names.email.push(IA5(name.content));
    else if (name.tag === 0x82) names.dns.push(IA5(name.content));
    else if (name.tag === 0x86) names.uri.push(IA5(name.content));
    else if (name.tag === 0x87) {
      if (name.content.length !== 4 && name.content.length !== 16) throw new DerError('bad IP address');
      names.ip.push(name.content);
    }
  }
  return names;
}

/** RFC 5280 4.2.1.10. */
export function parseNameConstraints(content: Uint8Array): NameConstraints {
  const reader = new DerReader(content);
  const permitted = reader.optional(0xa0);
  const excluded = reader.optional(0xa1);
  reader.end();
  if (!permitted && !excluded) throw new DerError('empty name constraints');
  const allowed = subtrees(permitted?.content);
  const barred = subtrees(excluded?.content);
  return { permitted: allowed.names, excluded: barred.names, unknown: allowed.unknown || barred.unknown };
}

function subtrees(content: Uint8Array | undefined): { names: Subtrees; unknown: boolean } {
  const names = { dns: [] as string[], email: [] as string[], uri: [] as string[], ip: [] as Uint8Array[] };
  let unknown = false;
  if (content) {
    const reader = new DerReader(content);
    while (!reader.done) {
      const subtree = reader.into(TAG.sequence);
      const base = subtree.next();
      if (!subtree.done) throw new DerError('minimum or maximum in a name constraint');
      if (base.tag === 0x81) names.email.push(IA5(base.content));
      else if (base.tag === 0x82) names.dns.push(IA5(base.content));
      else if (base.tag === 0x86) names.uri.push(IA5(base.content));
      else if (base.tag === 0x87 && (base.content.length === 8 || base.content.length === 32))
        names.ip.push(base.content);
      else unknown = true;
    }
  }
  return { names, unknown };
}

/** Why names break a CA's constraints, or undefined. `what` is the name at fault. */
export function violation(
  names: GeneralNames,
  constraints: NameConstraints,
): { kind: string; what: string } | undefined {
  const { permitted, excluded } = constraints;
  for (const what of names.dns) {
    if (breaks(what, permitted.dns, excluded.dns, domainMatches)) return { kind: 'dns', what };
  }
  for (const what of names.email) {
    if (breaks(what, permitted.email, excluded.email, emailMatches)) return { kind: 'email', what };
  }
  for (const what of names.uri) {
    if (permitted.uri.length + excluded.uri.length === 0) continue;
    const host = uriHost(what);
    if (host === undefined || breaks(host, permitted.uri, excluded.uri, domainMatches))
      return { kind: 'uri', what };
  }
  for (const address of names.ip) {
    if (breaks(address, permitted.ip, excluded.ip, addressMatches))
      return { kind: 'ip', what: [...address].join('.') };
  }
  return undefined;
}

function breaks<T>(
  name: T,
  permitted: readonly T[],
  excluded: readonly T[],
  matches: (n: T, c: T) => boolean,
): boolean {
  if (excluded.some((constraint) => matches(name, constraint))) return true;
  return permitted.length > 0 && !permitted.some((constraint) => matches(name, constraint));
}

/** `example.com` takes itself and what is below it; `.example.com` only what is below it (as Go reads it). */
function domainMatches(name: string, constraint: string): boolean {
  if (constraint === '') return true;
  const host = name.toLowerCase().replace(/\.$/, '');
  const base = constraint.toLowerCase();
  if (base.startsWith('.')) return host.endsWith(base) && host.length > base.length;
  return host === base || host.endsWith(`.${base}`);
}

function emailMatches(name: string, constraint: string): boolean {
  if (constraint.includes('@')) {
    const [a, b] = [splitMail(name), splitMail(constraint)];
    return (
      a !== undefined &&
      b !== undefined &&
      a.local === b.local &&
      a.host.toLowerCase() === b.host.toLowerCase()
    );
  }
  const mail = splitMail(name);
  return mail !== undefined && domainMatches(mail.host, constraint);
}

function splitMail(mail: string): { local: string; host: string } | undefined {
  const at = mail.lastIndexOf('@');
  return at <= 0 || at === mail.length - 1
    ? undefined
    : { local: mail.slice(0, at), host: mail.slice(at + 1) };
}

/** The host of a URI; undefined without one or where it is an address, which constraints cannot speak of. */
function uriHost(uri: string): string | undefined {
  const m = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/.exec(uri);
  const host = m?.[1];
  if (!host || host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host)) return undefined;
  return host;
}

function addressMatches(address: Uint8Array, constraint: Uint8Array): boolean {
  const size = constraint.length / 2;
  if (address.length !== size) return false;
  for (let i = 0; i < size; i++) {
    const mask = constraint[size + i]!;
    if ((address[i]! & mask) !== (constraint[i]! & mask)) return false;
  }
  return true;
}
