import { type DerNode, derNodes, hex, inside, oid, text, time } from './der.ts';

/** One attribute of a name, such as `['CN', 'jane']`. */
export type NamePart = readonly [type: string, value: string];

/** What of a certificate people ask for (RFC 5280). Times in milliseconds since 1970. */
export interface Certificate {
  der: Uint8Array;
  serial: string;
  subject: NamePart[];
  issuer: NamePart[];
  notBefore: number;
  notAfter: number;
  key: string;
  /** Of an RSA key. */
  keyBits?: number;
  signature: string;
  ca: boolean;
  names: string[];
  keyUsages: string[];
  /** Undefined: for anything. */
  usages: string[] | undefined;
}

/** A request for a certificate (RFC 2986). */
export interface CertificateRequest {
  subject: NamePart[];
  key: string;
  keyBits?: number;
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.5': 'serialNumber',
  '1.3.6.1.4.1.57683.2': 'UID',
};
const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'MD5 with RSA',
  '1.2.840.113549.1.1.5': 'SHA-1 with RSA',
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.113549.1.1.11': 'SHA-256 with RSA',
  '1.2.840.113549.1.1.12': 'SHA-384 with RSA',
  '1.2.840.113549.1.1.13': 'SHA-512 with RSA',
  '1.2.840.10045.4.1': 'SHA-1 with ECDSA',
  '1.2.840.10045.4.3.2': 'SHA-256 with ECDSA',
  '1.2.840.10045.4.3.3': 'SHA-384 with ECDSA',
  '1.2.840.10045.4.3.4': 'SHA-512 with ECDSA',
  '1.3.101.112': 'Ed25519',
};
const CURVES: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
};
const USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'server authentication',
  '1.3.6.1.5.5.7.3.2': 'client authentication',
  '1.3.6.1.5.5.7.3.3': 'code signing',
  '1.3.6.1.5.5.7.3.4': 'email protection',
  '2.5.29.37.0': 'anything',
};
const KEY_USAGES = [
  'digital signature',
  'non repudiation',
  'key encipherment',
  'data encipherment',
  'key agreement',
  'certificate signing',
  'CRL signing',
];
const EXTENSION = { keyUsage: '2.5.29.15', names: '2.5.29.17', basic: '2.5.29.19', usages: '2.5.29.37' };
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** Throws an Error that says what is wrong with the bytes. */
export function parseCertificate(der: Uint8Array): Certificate {
  const [tbs, algorithm] = inside(derNodes(der)[0]);
  const fields = inside(tbs);
  if (fields[0]?.tag === VERSION) fields.shift();
  const [serial, , issuer, validity, subject, publicKey, ...rest] = fields;
  const [notBefore, notAfter] = inside(validity);
  const signed = oid(inside(algorithm)[0]!);
  const certificate: Certificate = {
    der,
    serial: hex(serial!.content).replace(/^(?:00)+(?=..)/, ''),
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    notBefore: time(notBefore),
    notAfter: time(notAfter),
    ...keyOf(publicKey),
    signature: SIGNATURES[signed] ?? signed,
    ca: false,
    names: [],
    keyUsages: [],
    usages: undefined,
  };
  const extensions = rest.find(({ tag }) => tag === EXTENSIONS);
  if (extensions) for (const one of inside(inside(extensions)[0])) readExtension(one, certificate);
  return certificate;
}

export function parseRequest(der: Uint8Array): CertificateRequest {
  const [, subject, publicKey] = inside(inside(derNodes(der)[0])[0]);
  return { subject: nameOf(subject), ...keyOf(publicKey) };
}

function nameOf(node: DerNode | undefined): NamePart[] {
  return inside(node).flatMap((set) =>
    inside(set).map((part): NamePart => {
      const [type, value] = inside(part);
      const name = oid(type!);
      return [ATTRIBUTES[name] ?? name, text(value!)];
    }),
  );
}

function keyOf(node: DerNode | undefined): { key: string; keyBits?: number } {
  const [algorithm, bits] = inside(node);
  const [type, parameter] = inside(algorithm);
  const name = oid(type!);
  if (name === '1.2.840.113549.1.1.1') {
    const [modulus] = inside(derNodes(bits!.content.subarray(1))[0]);
    const plain = modulus!.content[0] === 0 ? modulus!.content.subarray(1) : modulus!.content;
    const keyBits = plain.length * 8 - Math.clz32(plain[0] ?? 0) + 24;
    return { key: `RSA, ${keyBits} bits`, keyBits };
  }
  if (name === '1.2.840.10045.2.1' && parameter) {
    const curve = oid(parameter);
    return { key: `ECDSA, ${CURVES[curve] ?? curve}` };
  }
  return { key: name === '1.3.101.112' ? 'Ed25519' : name };
}

function readExtension(node: DerNode, into: Certificate): void {
  const [type, ...rest] = inside(node);
  const value = derNodes(rest.at(-1)!.content)[0];
  switch (oid(type!)) {
    case EXTENSION.basic:
      into.ca = inside(value)[0]?.content[0] === 0xff;
      break;
    case EXTENSION.keyUsage: {
      const bits = value!.content;
      into.keyUsages = KEY_USAGES.filter((_, i) => (bits[1] ?? 0) & (0x80 >> i));
      break;
    }
    case EXTENSION.usages:
      into.usages = inside(value).map((one) => USAGES[oid(one)] ?? oid(one));
      break;
    case EXTENSION.names:
      into.names = inside(value).map(alternativeName);
      break;
  }
}

function alternativeName({ tag, content }: DerNode): string {
  const plain = new TextDecoder('latin1').decode(content);
  if (tag === 0x82) return plain;
  if (tag === 0x81) return `email ${plain}`;
  if (tag === 0x86) return `URI ${plain}`;
  if (tag === 0x87) return address(content);
  return `another kind of name (${tag & 0x1f})`;
}

function address(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push((bytes[i]! * 256 + (bytes[i + 1] ?? 0)).toString(16));
  return groups
    .join(':')
    .replace(/(?:^|:)(?:0:){2,}0?/, '::')
    .replace(/^:::/, '::');
}
