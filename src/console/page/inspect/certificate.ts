import { at, span } from '../../../explain/fixes/phrases.ts';
import { hex } from './der.ts';
import { bad, care, type Finding, fine, type Inspection, note } from './finding.ts';
import { type Certificate, type NamePart, parseCertificate, parseRequest } from './x509.ts';

const DAY = 86_400_000;

/** @param now milliseconds since 1970 */
export async function inspectCertificate(der: Uint8Array, now: number): Promise<Inspection> {
  const certificate = parseCertificate(der);
  const { subject, issuer, ca, names, usages, keyUsages } = certificate;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(der)));
  const isClient =
    !ca &&
    (usages === undefined ||
      usages.some((usage) => usage === 'client authentication' || usage === 'anything'));
  const isServer = !ca && usages?.includes('server authentication');
  const title = ca
    ? 'The certificate of an authority'
    : isServer && isClient
      ? 'A certificate for servers and clients'
      : isServer
        ? 'A server certificate'
        : isClient
          ? 'A client certificate'
          : 'A certificate';
  const name = valuesOf(subject, 'CN').at(-1);
  const groups = valuesOf(subject, 'O');
  const rows: [string, string][] = [
    ['Subject', nameText(subject)],
    ['Issuer', nameText(issuer) === nameText(subject) ? 'itself' : nameText(issuer)],
    ['Valid from', at(certificate.notBefore)],
    ['Valid until', at(certificate.notAfter)],
    ['Key', certificate.key],
    ['Signature', certificate.signature],
    ['For', usages?.join(', ') ?? 'anything'],
  ];
  if (keyUsages.length) rows.push(['Key may be used for', keyUsages.join(', ')]);
  if (names.length) rows.push(['Names', names.join(', ')]);
  rows.push(['Serial number', certificate.serial], ['SHA-256', hex(digest)]);
  return {
    title,
    findings: findingsOf(certificate, isClient, name, groups, now),
    rows,
    ...(isClient && name ? { user: { name, groups: [...groups, 'system:authenticated'] } } : {}),
    parts: [],
  };
}

function findingsOf(
  { notBefore, notAfter, keyBits, signature, ca, usages }: Certificate,
  isClient: boolean,
  name: string | undefined,
  groups: readonly string[],
  now: number,
): Finding[] {
  const findings: Finding[] = [];
  if (now > notAfter) findings.push(bad(`It expired ${span(now - notAfter)} ago.`));
  else if (now < notBefore) findings.push(bad(`It is good only in ${span(notBefore - now)}.`));
  else if (notAfter - now < 30 * DAY) findings.push(care(`It expires in ${span(notAfter - now)}: renew it.`));
  else findings.push(fine(`It is good for another ${span(notAfter - now)}.`));
  if (keyBits !== undefined && keyBits < 2048)
    findings.push(bad(`An RSA key of ${keyBits} bits is too short.`));
  if (/SHA-1|MD5/.test(signature)) findings.push(bad(`${signature} is not taken any more.`));
  if (!ca && !isClient && usages)
    findings.push(note('It is not for clients: Kubernetes takes nobody for its holder.'));
  if (isClient && !name)
    findings.push(bad('It has no common name (CN), and so names no user to Kubernetes.'));
  if (isClient && groups.includes('system:masters'))
    findings.push(
      care('Its holder is in system:masters: he may do everything, and no rule of RBAC can take that away.'),
    );
  if (isClient && notAfter - now > 90 * DAY && now < notAfter)
    findings.push(
      note('kube-apiserver looks at no list of revoked certificates: there it is good until it ends.'),
    );
  return findings;
}

export function inspectRequest(der: Uint8Array): Inspection {
  const { subject, key, keyBits } = parseRequest(der);
  const name = valuesOf(subject, 'CN').at(-1);
  return {
    title: 'A request for a certificate',
    findings: [
      note('It is no credential: an authority has to sign it first.'),
      ...(keyBits !== undefined && keyBits < 2048
        ? [bad(`An RSA key of ${keyBits} bits is too short.`)]
        : []),
    ],
    rows: [
      ['Subject', nameText(subject)],
      ['Key', key],
    ],
    ...(name ? { user: { name, groups: valuesOf(subject, 'O') } } : {}),
    parts: [],
  };
}

const valuesOf = (name: readonly NamePart[], type: string): string[] =>
  name.filter(([of]) => of === type).map(([, value]) => value);

const nameText = (name: readonly NamePart[]): string =>
  name.map(([type, value]) => `${type}=${value}`).join(', ') || '(empty)';
