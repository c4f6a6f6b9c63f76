import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type ParsedCertificate, parseCertificate } from '../../authentication/x509/certificate.ts';
import { commonName, subjectValues } from '../../authentication/x509.ts';
import type { RbacSource } from '../../authorization/rbac/source.ts';
import { humanAge } from '../../meta/human-age.ts';
import type { KubeObject } from '../../meta/object.ts';
import { pemBlocks } from '../../meta/pem.ts';
import { AUTHENTICATED, MASTERS } from '../../meta/user.ts';
import { clientCertificateOf } from '../../pki/kubeconfig-credentials.ts';
import { KubeconfigFile } from '../../pki/kubeconfig-file.ts';
import type { Finding } from './finding.ts';
import { worstRight } from './worst-right.ts';

/** A certificate that somebody may sign in with, and where it was found. */
export interface FoundClient {
  where: string;
  certificate: ParsedCertificate;
}

const ORGANIZATION = '2.5.4.10';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
const EXTENSIONS = new Set(['', '.crt', '.cer', '.pem', '.conf', '.config', '.kubeconfig', '.yaml', '.yml']);
const MAX_DEPTH = 16;
const MAX_BYTES = 4 * 1024 * 1024;

/** Clients' certificates of a PEM file, a kubeconfig, or a folder of both; authorities and servers' are left out. */
export function certificatesIn(path: string): FoundClient[] {
  if (statSync(path).isDirectory()) return folder(path, 0);
  const found = file(path);
  if (found.length === 0) throw new Error(`${path} holds no client certificate`);
  return found;
}

function folder(path: string, depth: number): FoundClient[] {
  if (depth > MAX_DEPTH) throw new Error(`${path}: folders are nested too deeply`);
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) return folder(inner, depth + 1);
      if (!entry.isFile() || !EXTENSIONS.has(extname(entry.name))) return [];
      return statSync(inner).size > MAX_BYTES ? [] : file(inner);
    });
}

function file(path: string): FoundClient[] {
  const text = readFileSync(path, 'utf8');
  if (text.includes('-----BEGIN CERTIFICATE-----')) return clientsOf(text, path);
  if (!/^\s*"?(clusters|users|contexts)"?\s*:/m.test(text)) return [];
  const kubeconfig = KubeconfigFile.parse(text, path);
  return kubeconfig.entries('users').flatMap(({ name }) => {
    const pem = clientCertificateOf(kubeconfig, name)?.certificate;
    return pem === undefined ? [] : clientsOf(pem, `${path} (user ${name})`).slice(0, 1);
  });
}

function clientsOf(pem: string, where: string): FoundClient[] {
  return pemBlocks(pem)
    .filter(({ type }) => type === 'CERTIFICATE')
    .flatMap(({ der }) => {
      try {
        const certificate = parseCertificate(der);
        return isClient(certificate) ? [{ where, certificate }] : [];
      } catch {
        // A server would not read it either.
        return [];
      }
    });
}

const isClient = ({ basicConstraints, extendedKeyUsage: usages }: ParsedCertificate): boolean =>
  !basicConstraints?.ca && (!usages?.length || usages.includes(CLIENT_AUTH) || usages.includes(ANY_USAGE));

/** The certificates that CertificateSigningRequests have got. */
export function certificatesOfRequests(requests: readonly KubeObject[]): FoundClient[] {
  return requests.flatMap((request) => {
    const issued = request['status']?.certificate;
    if (typeof issued !== 'string') return [];
    const where = `CertificateSigningRequest ${request.metadata.name}`;
    return clientsOf(Buffer.from(issued, 'base64').toString('utf8'), where).slice(0, 1);
  });
}

/** Of the certificates that are good still, those whose names hold rights. Who issued them is not looked at. */
export function certificateFindings(
  cluster: string,
  source: RbacSource,
  clients: readonly FoundClient[],
  now: number,
): Finding[] {
  const findings: Finding[] = [];
  for (const { where, certificate } of clients) {
    const name = commonName(certificate);
    if (name === '' || certificate.notAfter < now) continue;
    const groups = subjectValues(certificate, ORGANIZATION);
    const worst = worstRight(source, { name, groups: [...groups, AUTHENTICATED] });
    if (worst.code === 'NONE') continue;
    const masters = groups.includes(MASTERS);
    findings.push({
      cluster,
      severity: worst.severity,
      code: masters ? 'MASTERS_CERTIFICATE' : 'CERTIFICATE',
      who: `CN=${name}${groups.map((group) => `,O=${group}`).join('')} (${where})`,
      what: `good for ${humanAge(certificate.notAfter - now)}; may ${worst.words}${worst.through ? ` (${worst.through})` : ''}`,
      fix: masters
        ? 'only sallyport revoke certificate takes it back before it expires, or another CA; issue the next one short-lived and for a group that is bound to cluster-admin, which a policy can take away'
        : 'where nobody needs it any more: sallyport revoke certificate; else issue it short-lived (sallyport kubeconfig create)',
      facts: {
        where,
        commonName: name,
        groups,
        notAfter: new Date(certificate.notAfter).toISOString(),
        serial: certificate.serial,
        worst,
      },
    });
  }
  return findings;
}
