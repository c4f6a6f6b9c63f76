import type { CertificateDer } from '../authenticator.ts';
import type { RevocationLists, RevocationSource } from '../revocation/revocation-lists.ts';
import { type ParsedCertificate, parseCertificate } from './certificate.ts';
import type { CertificatePool } from './pool.ts';
import { type CertificateFault, verifyClientCertificate } from './verify.ts';

const COMMON_NAME = '2.5.4.3';

/** Where authorities come from; the pool may be another one after a reload. Undefined: none yet, no opinion. */
export interface PoolSource {
  current(): CertificatePool | undefined;
}

export type ClientCertificate =
  | { leaf: ParsedCertificate }
  | {
      fault: CertificateFault;
      /** Whether the certificate says that it is of these authorities, though it does not verify. */
      isOwn: boolean;
    };

interface Verified {
  pool: CertificatePool;
  lists: RevocationLists | undefined;
  /** The answer holds in this span of time, both ends included. */
  from: number;
  until: number;
  answer: ClientCertificate;
}

type Parsed = readonly ParsedCertificate[] | CertificateFault;

/** A refusal is looked into again after this long: time alone may have mended it. */
const REFUSAL_MS = 1000;

/** Parsed once for a connection, whoever asks. */
const parsedChains = new WeakMap<readonly CertificateDer[], Parsed>();

/**
 * Verifies what a client presented against one set of authorities, once for a connection (for the array that holds its
 * certificates) and set of authorities. Times of validity are looked at on every request.
 */
export class ClientCertificates {
  readonly #source: PoolSource;
  readonly #revoked: RevocationSource | undefined;
  readonly #verified = new WeakMap<readonly CertificateDer[], Verified>();

  constructor(source: PoolSource, revoked?: RevocationSource) {
    this.#source = source;
    this.#revoked = revoked;
  }

  /** Undefined where there is no certificate or nothing to check it against. */
  verify(presented: readonly CertificateDer[], now: number): ClientCertificate | undefined {
    if (presented.length === 0) return undefined;
    const pool = this.#source.current();
    if (!pool) return undefined;
    const known = this.#verified.get(presented);
    const lists = this.#revoked?.current();
    if (known && known.pool === pool && known.lists === lists && now >= known.from && now <= known.until)
      return known.answer;
    const made = check(presented, pool, lists, now);
    this.#verified.set(presented, made);
    return made.answer;
  }
}

function check(
  presented: readonly CertificateDer[],
  pool: CertificatePool,
  lists: RevocationLists | undefined,
  now: number,
): Verified {
  const parsed = parse(presented);
  if (!isChain(parsed)) {
    const answer = { fault: parsed, isOwn: false };
    return { pool, lists, from: 0, until: Number.POSITIVE_INFINITY, answer };
  }
  const leaf = parsed[0]!;
  const refused = ({ code, facts }: CertificateFault): Verified => {
    const fault = { code, facts: { ...facts, commonName: lastCommonName(leaf) } };
    const isOwn = parsed.some((one) => pool.has(one) || pool.bySubject(one.rawIssuer).length > 0);
    return { pool, lists, from: now, until: now + REFUSAL_MS, answer: { fault, isOwn } };
  };
  const result = verifyClientCertificate(leaf, parsed.slice(1), pool, now);
  if ('fault' in result) return refused(result.fault);
  let revoked: CertificateFault | undefined;
  for (const chain of result.chains) {
    const judged = lists?.judge(chain, now) ?? { until: Number.POSITIVE_INFINITY };
    if ('fault' in judged) {
      revoked ??= judged.fault;
      continue;
    }
    return {
      pool,
      lists,
      from: Math.max(...chain.map((c) => c.notBefore)),
      until: Math.min(judged.until, ...chain.map((c) => c.notAfter)),
      answer: { leaf },
    };
  }
  return refused(revoked!);
}

/** Whose the certificate says it is, though nobody vouches for that. */
const lastCommonName = ({ subject }: ParsedCertificate): string =>
  subject.findLast(({ type }) => type === COMMON_NAME)?.value ?? '';

function parse(presented: readonly CertificateDer[]): Parsed {
  let parsed = parsedChains.get(presented);
  if (!parsed) {
    try {
      parsed = presented.map(parseCertificate);
    } catch (error) {
      // OpenSSL's and our own complaints name structures, never content.
      const reason = error instanceof Error ? error.message : 'unreadable';
      parsed = { code: 'X509_MALFORMED', facts: { reason } };
    }
    parsedChains.set(presented, parsed);
  }
  return parsed;
}

const isChain = (parsed: Parsed): parsed is readonly ParsedCertificate[] => Array.isArray(parsed);
