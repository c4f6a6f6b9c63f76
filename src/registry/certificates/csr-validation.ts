import { Buffer } from 'node:buffer';
import { X509Certificate } from 'node:crypto';
import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  duplicate,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { pemBlocks } from '../../meta/pem.ts';
import { unifiedDiff } from '../../meta/unified-diff.ts';
import { certificateRequestFault } from './certificate-request.ts';
import { signerNameErrors } from './signer-name.ts';

/** Checks of CertificateSigningRequests (pkg/apis/certificates/validation/validation.go). */

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const CONDITIONS = 'status.conditions';
const TRUE_ONLY = ['Approved', 'Denied', 'Failed'];

export const conditionsOf = (csr: KubeObject): Fields[] => csr['status']?.conditions ?? [];
const certificateOf = (csr: KubeObject): string => csr['status']?.certificate ?? '';
const ofType = (csr: KubeObject, type: string) => conditionsOf(csr).filter((c) => c['type'] === type);
const repeats = (values: readonly unknown[]) => new Set(values).size < values.length;

/** Why bytes are no chain of certificates in PEM; undefined for none at all and for a good one. */
function certificateFault(base64: string): string | undefined {
  if (base64 === '') return undefined;
  const blocks = pemBlocks(Buffer.from(base64, 'base64').toString('latin1'));
  for (const block of blocks) {
    if (block.type !== 'CERTIFICATE')
      return `only CERTIFICATE PEM blocks are allowed, found ${quote(block.type)}`;
    if (block.headers) return 'no PEM block headers are permitted';
    if (block.der.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
    try {
      new X509Certificate(block.der);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length ? undefined : 'must contain at least one CERTIFICATE PEM block';
}

/** What the stored request has wrong already may stay wrong. */
function conditionErrors(csr: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const before = old ? conditionsOf(old) : [];
  const types = before.map((c) => c['type']);
  const bothAllowed = types.includes('Approved') && types.includes('Denied');
  const seen = new Set<string>();
  conditionsOf(csr).forEach((condition, i) => {
    const at = index(CONDITIONS, i);
    const type: string = condition['type'] ?? '';
    const status: string = condition['status'] ?? '';
    if (type === '' && !types.some((t) => !t)) errors.push(required(child(at, 'type')));
    const allowed = TRUE_ONLY.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (status === '') errors.push(required(child(at, 'status')));
    else if (!allowed.includes(status)) errors.push(notSupported(child(at, 'status'), status, allowed));
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (opposite && seen.has(opposite) && !bothAllowed)
      errors.push(invalid(CONDITIONS, type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type) && !repeats(types)) errors.push(duplicate(child(at, 'type'), type));
    seen.add(type);
  });
  return errors;
}

export function csrErrors(csr: KubeObject, old?: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const spec: Fields = csr['spec'] ?? {};
  const before: Fields = old?.['spec'] ?? {};
  // The request of a stored object has been checked and cannot have changed.
  const fault =
    old && before['request'] === spec['request']
      ? undefined
      : certificateRequestFault(Buffer.from(spec['request'] ?? '', 'base64').toString('latin1'));
  if (fault !== undefined) errors.push(invalid('spec.request', spec['request'] || null, fault));
  const usages: string[] = spec['usages'] ?? [];
  const oldUsages: string[] = before['usages'] ?? [];
  if (!usages.length) errors.push(required('spec.usages'));
  if (oldUsages.every((usage) => USAGES.includes(usage)))
    usages.forEach((usage, i) => {
      if (!USAGES.includes(usage)) errors.push(notSupported(index('spec.usages', i), usage, USAGES));
    });
  if (!repeats(oldUsages))
    usages.forEach((usage, i) => {
      if (usages.indexOf(usage) < i) errors.push(duplicate(index('spec.usages', i), usage));
    });
  const signer: string = spec['signerName'] ?? '';
  if (signer === LEGACY_SIGNER && before['signerName'] !== LEGACY_SIGNER)
    errors.push(
      invalid('spec.signerName', signer, 'the legacy signerName is not allowed via this API version'),
    );
  else errors.push(...signerNameErrors(signer, 'spec.signerName'));
  const seconds: number | undefined = spec['expirationSeconds'];
  if (seconds !== undefined && seconds < 600)
    errors.push(
      invalid(
        'spec.expirationSeconds',
        seconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  errors.push(...conditionErrors(csr, old));
  const certificate = certificateOf(csr);
  const arbitrary =
    old && (certificate === certificateOf(old) || certificateFault(certificateOf(old)) !== undefined);
  const certificateWrong = arbitrary ? undefined : certificateFault(certificate);
  if (certificateWrong !== undefined)
    errors.push(invalid('status.certificate', '<certificate data>', certificateWrong));
  return errors;
}

/** Conditions with their Go names, as a diff in a message shows them. */
const shown = (conditions: readonly Fields[]) =>
  conditions.map((c) => ({
    Type: c['type'] ?? '',
    Status: c['status'] ?? '',
    Reason: c['reason'] ?? '',
    Message: c['message'] ?? '',
    LastUpdateTime: c['lastUpdateTime'] ?? null,
    LastTransitionTime: c['lastTransitionTime'] ?? null,
  }));

/** `may`: what the subresource written through is there to change. */
export function csrUpdateErrors(
  csr: KubeObject,
  old: KubeObject,
  may: { approve?: boolean; issue?: boolean } = {},
): FieldError[] {
  const errors = csrErrors(csr, old);
  for (const type of TRUE_ONLY)
    if (ofType(csr, type).length < ofType(old, type).length)
      errors.push(forbidden(CONDITIONS, `updates may not remove a condition of type ${quote(type)}`));
  if (!may.approve)
    for (const type of ['Approved', 'Denied']) {
      const now = ofType(csr, type);
      const before = ofType(old, type);
      if (now.length > before.length)
        errors.push(forbidden(CONDITIONS, `updates may not add a condition of type ${quote(type)}`));
      else if (now.length === before.length && !deepEqual(now, before))
        errors.push(
          forbidden(
            CONDITIONS,
            `updates may not modify a condition of type ${quote(type)}\n${unifiedDiff(shown(before), shown(now))}`,
          ),
        );
    }
  if (certificateOf(csr) !== certificateOf(old)) {
    if (!may.issue) errors.push(forbidden('status.certificate', 'updates may not set certificate content'));
    else if (certificateOf(old) !== '')
      errors.push(forbidden('status.certificate', 'updates may not modify existing certificate content'));
  }
  return errors;
}
