import type { KeyObject } from 'node:crypto';
import { nameText, type ParsedCertificate } from '../x509/certificate.ts';
import type { CertificatePool } from '../x509/pool.ts';
import type { CertificateFault } from '../x509/verify.ts';
import { type CertificateList, isSignedBy, isSoundlySigned } from './certificate-list.ts';

/** `--client-ca-crl-stale`: what becomes of certificates whose issuer's list has run out. */
export type StalePolicy = 'refuse' | 'warn';

/** A list whose signature is good. */
export interface ListInForce extends CertificateList {
  /** The issuer as people read it. */
  issuer: string;
  key: KeyObject;
}

/** Where lists come from; they may be others after a reload. */
export interface RevocationSource {
  current(): RevocationLists;
}

/** What a chain's lists say: why it does not hold, or until when this answer does. */
export type ChainJudgement = { fault: CertificateFault } | { until: number };

/** Certificate revocation lists of client authorities. Never changes; new files make new ones. */
export class RevocationLists {
  readonly all: readonly ListInForce[];
  readonly #stale: StalePolicy;
  readonly #byIssuer = new Map<string, ListInForce[]>();

  constructor(lists: readonly ListInForce[], stale: StalePolicy) {
    this.all = lists;
    this.#stale = stale;
    for (const list of lists) {
      const key = nameKey(list.rawIssuer);
      this.#byIssuer.set(key, [...(this.#byIssuer.get(key) ?? []), list]);
    }
  }

  /**
   * Judges a chain that is good otherwise, leaf first: each certificate by the lists of its issuer's name, where there are
   * any. A list that has run out refuses unless told to warn; what it lists is revoked in any case.
   *
   * @param now milliseconds since 1970
   */
  judge(chain: readonly ParsedCertificate[], now: number): ChainJudgement {
    let until = Number.POSITIVE_INFINITY;
    for (const [i, certificate] of chain.entries()) {
      const issuer = chain[i + 1];
      if (!issuer) break;
      const role = i === 0 ? 'leaf' : 'intermediate';
      const lists = this.#byIssuer.get(nameKey(certificate.rawIssuer)) ?? [];
      for (const { revoked, number, issuer: by } of lists) {
        const found = revoked.get(certificate.serial);
        if (!found) continue;
        const { at, reason = 'unspecified' } = found;
        const list = number === undefined ? {} : { crlNumber: number.toString() };
        return {
          fault: {
            code: 'X509_REVOKED',
            facts: { serial: certificate.serial, issuer: by, revokedAt: at, reason, role, ...list },
          },
        };
      }
      if (this.#stale === 'warn' || lists.length === 0) continue;
      const own = lists.filter(({ key }) => key.equals(issuer.publicKey));
      const next = Math.max(...(own.length ? own : lists).map(({ nextUpdate }) => nextUpdate));
      if (now > next) {
        return {
          fault: {
            code: 'X509_CRL_STALE',
            facts: { issuer: lists[0]!.issuer, nextUpdate: next, now, role },
          },
        };
      }
      until = Math.min(until, next);
    }
    return { until };
  }
}

const nameKey = (rawName: Uint8Array): string => Buffer.from(rawName).toString('latin1');

/** What is in force, by issuer and key. */
const sameSource = (a: ListInForce, b: ListInForce): boolean =>
  nameKey(a.rawIssuer) === nameKey(b.rawIssuer) && a.key.equals(b.key);

/**
 * The lists of the files, checked against the authorities of clients and proxies. Throws an Error where one of them cannot
 * be taken, so that what was in force stays: nobody vouches for it, it is older than the one in force, or an authority that
 * is still trusted would be without its list.
 *
 * @param before the lists in force, none at the start
 */
export function revocationLists(
  lists: readonly CertificateList[],
  pools: readonly CertificatePool[],
  stale: StalePolicy,
  before: readonly ListInForce[] = [],
): RevocationLists {
  const taken: ListInForce[] = [];
  for (const list of lists) {
    const next = vouchedFor(list, pools, before);
    const there = taken.findIndex((one) => sameSource(one, next));
    if (there < 0) taken.push(next);
    else if (isOlder(taken[there]!, next)) taken[there] = next;
  }
  for (const old of before) {
    const next = taken.find((one) => sameSource(one, old));
    if (next && isOlder(next, old)) {
      throw new Error(
        `the CRL of ${old.issuer} goes back from ${versionText(old)} to ${versionText(next)}: certificates would be good again`,
      );
    }
    if (!next && authorityOf(old, pools)) {
      throw new Error(
        `the CRL of ${old.issuer} is missing, though that authority is still trusted: certificates would be good again`,
      );
    }
  }
  return new RevocationLists(taken, stale);
}

function vouchedFor(
  list: CertificateList,
  pools: readonly CertificatePool[],
  before: readonly ListInForce[],
): ListInForce {
  const authority = authorityOf(list, pools);
  if (authority) return { ...list, issuer: nameText(authority.subject), key: authority.publicKey };
  // Its authority may have gone since it was checked.
  const known = before.find(({ digest }) => digest === list.digest);
  if (known) return known;
  if (!isSoundlySigned(list))
    throw new Error('the CRL is signed by an algorithm that is not trusted any more');
  const named = pools.flatMap((pool) => pool.bySubject(list.rawIssuer));
  throw new Error(
    named.length
      ? `the signature of the CRL of ${nameText(named[0]!.subject)} is not by that authority's key`
      : 'the CRL is of an issuer that is in neither --client-ca-file nor --requestheader-client-ca-file',
  );
}

const authorityOf = (
  list: CertificateList,
  pools: readonly CertificatePool[],
): ParsedCertificate | undefined =>
  pools
    .flatMap((pool) => pool.bySubject(list.rawIssuer))
    .find((certificate) => isSignedBy(list, certificate));

/** Whether a list comes before another of the same issuer. */
function isOlder(list: CertificateList, than: CertificateList): boolean {
  if (list.number !== undefined && than.number !== undefined && list.number !== than.number)
    return list.number < than.number;
  if (list.number === undefined && than.number !== undefined) return true;
  return list.thisUpdate < than.thisUpdate;
}

const versionText = ({ number, thisUpdate }: CertificateList): string =>
  number === undefined ? `no number (${new Date(thisUpdate).toISOString()})` : `number ${number}`;
