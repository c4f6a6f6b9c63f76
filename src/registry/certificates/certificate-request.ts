import type { Buffer } from 'node:buffer';
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { pemBlocks } from '../../meta/pem.ts';

/** One element of DER: its tag, what it holds, and the whole of it. */
interface Element {
  tag: number;
  body: Buffer;
  whole: Buffer;
  rest: Buffer;
}

const TRUNCATED = 'asn1: syntax error: data truncated';
const SEQUENCE = 0x30;

/** The element at the start of the bytes; throws what Go's encoding/asn1 says where there is none. */
function element(bytes: Buffer): Element {
  if (bytes.length < 2)
    throw new Error(bytes.length === 0 ? 'asn1: syntax error: sequence truncated' : TRUNCATED);
  let length = bytes[1]!;
  let start = 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4 || bytes.length < 2 + count)
      throw new Error('asn1: structure error: length too large');
    length = bytes.readUIntBE(2, count);
    start = 2 + count;
  }
  const end = start + length;
  if (end > bytes.length) throw new Error(TRUNCATED);
  return {
    tag: bytes[0]!,
    body: bytes.subarray(start, end),
    whole: bytes.subarray(0, end),
    rest: bytes.subarray(end),
  };
}

function sequence(bytes: Buffer): Element {
  const found = element(bytes);
  if (found.tag !== SEQUENCE) throw new Error("asn1: structure error: tags don't match");
  return found;
}

const HASHES: Readonly<Record<string, string>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
};
const ED25519 = '2b6570';
const PSS = '2a864886f70d01010a';
/** The last part of hash algorithms' identifiers, as RSA-PSS parameters name them. */
const PSS_HASHES: readonly [string, string][] = [
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
];

const WRONG_SIGNATURE: Readonly<Record<string, string>> = {
  ec: 'x509: ECDSA verification failure',
  rsa: 'crypto/rsa: verification error',
  'rsa-pss': 'crypto/rsa: verification error',
  ed25519: 'x509: Ed25519 verification failure',
};

/**
 * Why a certificate request in PEM is none, or is not signed by its own key; undefined where all is well. In the words of
 * Go's crypto/x509, as far as the shape of the fault allows (ParseCSR and CheckSignature).
 */
export function certificateRequestFault(pem: string): string | undefined {
  const block = pemBlocks(pem)[0];
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    const outer = sequence(block.der);
    if (outer.rest.length) return 'x509: trailing data';
    const info = sequence(outer.body);
    const algorithm = sequence(info.rest);
    const signature = element(algorithm.rest);
    const version = element(info.body);
    const subject = sequence(version.rest);
    const spki = sequence(subject.rest);
    return signatureFault(spki.whole, algorithm, info.whole, signature.body.subarray(1));
  } catch (error) {
    return (error as Error).message;
  }
}

function signatureFault(
  spki: Buffer,
  algorithm: Element,
  signed: Buffer,
  signature: Buffer,
): string | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return 'x509: unknown public key algorithm';
  }
  const identifier = element(algorithm.body).body.toString('hex');
  const type = key.asymmetricKeyType ?? '';
  let fits: boolean;
  if (identifier === ED25519 && type === 'ed25519') fits = verify(null, signed, key, signature);
  else if (identifier === PSS && type === 'rsa') {
    const parameters = algorithm.whole.toString('hex');
    const hash = PSS_HASHES.find(([oid]) => parameters.includes(oid))?.[1] ?? 'sha256';
    const options = {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_AUTO,
    };
    fits = verify(hash, signed, options, signature);
  } else {
    const hash = HASHES[identifier];
    const ecdsa = identifier.startsWith('2a8648ce3d04');
    if (!hash) return 'x509: cannot verify signature: algorithm unimplemented';
    if (ecdsa !== (type === 'ec'))
      return 'x509: signature algorithm specifies a different kind of public key';
    fits = verify(hash, signed, key, signature);
  }
  return fits
    ? undefined
    : (WRONG_SIGNATURE[type] ?? 'x509: cannot verify signature: algorithm unimplemented');
}
