import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, forbidden, invalid, key, required, tooLong } from '../../meta/field-error.ts';
import type { KubeObject } from '../../meta/object.ts';
import { goSyntaxError } from '../../schema/go-json-syntax.ts';
import { configMapKey, immutable } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { base64Length, keysInOrder, MAX_DATA_BYTES } from './data-size.ts';

/** Why Go would not take a text for a JSON object; undefined where it would. */
function objectFault(body: Buffer): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return goSyntaxError(body) ?? 'unexpected end of JSON input';
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

const REDACTED = '<secret contents redacted>';

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const data: Record<string, string> = object['data'] ?? {};
  let size = 0;
  for (const name of keysInOrder(data)) {
    errors.push(...configMapKey(name, key('data', name)));
    size += base64Length(data[name]);
  }
  if (size > MAX_DATA_BYTES) errors.push(tooLong('data', MAX_DATA_BYTES));
  const need = (name: string) => {
    if (!(name in data)) errors.push(required(key('data', name)));
  };
  const needJson = (name: string) => {
    need(name);
    if (!(name in data)) return;
    const fault = objectFault(Buffer.from(data[name] ?? '', 'base64'));
    if (fault !== undefined) errors.push(invalid(key('data', name), REDACTED, fault));
  };
  switch (object['type']) {
    case 'kubernetes.io/service-account-token':
      if (!object.metadata.annotations?.['kubernetes.io/service-account.name'])
        errors.push(required(key('metadata.annotations', 'kubernetes.io/service-account.name')));
      break;
    case 'kubernetes.io/dockercfg':
      needJson('.dockercfg');
      break;
    case 'kubernetes.io/dockerconfigjson':
      needJson('.dockerconfigjson');
      break;
    case 'kubernetes.io/basic-auth':
      if (!('username' in data) && !('password' in data)) {
        need('username');
        need('password');
      }
      break;
    case 'kubernetes.io/ssh-auth':
      if (!data['ssh-privatekey']) errors.push(required(key('data', 'ssh-privatekey')));
      break;
    case 'kubernetes.io/tls':
      need('tls.crt');
      need('tls.key');
      break;
  }
  return errors;
}

interface PemBlock {
  type: string;
  text: string;
}

function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const pattern = /-----BEGIN ([^\n-]+)-----\s[^-]*?-----END \1-----/g;
  for (const match of text.matchAll(pattern)) blocks.push({ type: match[1]!, text: match[0] });
  return blocks;
}

/** What Go's tls.X509KeyPair says of a pair that does not fit; undefined where it does. */
export function keyPairFault(certificate: string, privateKey: string): string | undefined {
  const certificates = pemBlocks(certificate);
  const chain = certificates.filter((b) => b.type === 'CERTIFICATE');
  const leaf = chain[0];
  if (!leaf) {
    if (certificates.length === 0) return 'tls: failed to find any PEM data in certificate input';
    if (certificates.length === 1 && certificates[0]!.type.endsWith('PRIVATE KEY'))
      return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${certificates.map((b) => b.type).join(' ')}]`;
  }
  const skipped: string[] = [];
  let block: PemBlock | undefined;
  for (const candidate of pemBlocks(privateKey)) {
    if (candidate.type === 'PRIVATE KEY' || candidate.type.endsWith(' PRIVATE KEY')) {
      block = candidate;
      break;
    }
    skipped.push(candidate.type);
  }
  if (!block) {
    if (skipped.length === 0) return 'tls: failed to find any PEM data in key input';
    if (skipped.length === 1 && skipped[0] === 'CERTIFICATE')
      return 'tls: found a certificate rather than a key in the PEM for the private key';
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`;
  }
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(leaf.text);
  } catch {
    return 'x509: malformed certificate';
  }
  let secret: KeyObject;
  try {
    secret = createPrivateKey(block.text);
  } catch {
    return 'tls: failed to parse private key';
  }
  if (secret.asymmetricKeyType !== x509.publicKey.asymmetricKeyType)
    return 'tls: private key type does not match public key type';
  return createPublicKey(secret).equals(x509.publicKey)
    ? undefined
    : 'tls: private key does not match public key';
}

/** pkg/registry/core/secret/strategy.go; stringData goes into data on decoding (pkg/apis/core/v1/conversion.go). */
export const secrets: Strategy = {
  createsBlindly: true,
  defaults(object) {
    const plain: Record<string, string> | undefined = object['stringData'];
    if (plain) {
      if (Object.keys(plain).length) {
        const data: Record<string, string> = { ...object['data'] };
        object['data'] = data;
        for (const name of Object.keys(plain)) data[name] = Buffer.from(plain[name] ?? '').toString('base64');
      }
      delete object['stringData'];
    }
    if (!object['type']) object['type'] = 'Opaque';
  },
  prepareForUpdate(object, old) {
    if (!object['type']) object['type'] = old['type'];
  },
  validate,
  validateUpdate(object, old) {
    const errors = immutable(object['type'], old['type'], 'type');
    if (old['immutable'] === true) {
      const why = 'field is immutable when `immutable` is set';
      if (object['immutable'] !== true) errors.push(forbidden('immutable', why));
      if (!deepEqual(object['data'] ?? {}, old['data'] ?? {})) errors.push(forbidden('data', why));
    }
    return [...errors, ...validate(object)];
  },
  warnings(object) {
    if (object['type'] !== 'kubernetes.io/tls') return [];
    const text = (name: string) => Buffer.from(object['data']?.[name] ?? '', 'base64').toString('latin1');
    const fault = keyPairFault(text('tls.crt'), text('tls.key'));
    return fault === undefined ? [] : [fault];
  },
  selectableFields: { type: (object) => object['type'] ?? '' },
  row: (object, now) => [
    object.metadata.name ?? '',
    object['type'] ?? '',
    Object.keys(object['data'] ?? {}).length,
    age(object, now),
  ],
};
