import { at, span } from '../../../explain/fixes/phrases.ts';
import { bad, care, type Finding, fine, type Inspection, note } from './finding.ts';

type Claims = Record<string, unknown>;

const LEGACY_ISSUER = 'kubernetes/serviceaccount';
const TIMES: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'auth_time']);
const ASYMMETRIC = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$/;

/** Header and claims of a JWT, undefined for what is none. Nothing is verified: that takes the issuer's key. */
export function parseJwt(text: string): { header: Claims; claims: Claims } | undefined {
  const parts = text.split('.');
  if (parts.length !== 3) return undefined;
  const header = part(parts[0]!);
  const claims = part(parts[1]!);
  return header && claims ? { header, claims } : undefined;
}

function part(encoded: string): Claims | undefined {
  try {
    const binary = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}

/** @param now milliseconds since 1970 */
export function inspectJwt(header: Claims, claims: Claims, now: number): Inspection {
  const account = accountOf(claims);
  const legacy = claims['iss'] === LEGACY_ISSUER;
  const title = account
    ? legacy
      ? 'A ServiceAccount token of the old kind, out of a Secret'
      : `A ServiceAccount token${account.boundTo ? `, bound to ${account.boundTo}` : ''}`
    : 'A JWT, such as OIDC providers issue';
  const rows: [string, string][] = [
    ['Algorithm', String(header['alg'] ?? '(none)')],
    ...(header['kid'] === undefined ? [] : [['Key id', String(header['kid'])] as [string, string]]),
    ...Object.entries(claims).map(([name, value]): [string, string] => [name, claimText(name, value)]),
  ];
  return {
    title,
    findings: [
      ...timeFindings(claims, now, Boolean(account)),
      ...algorithmFindings(header),
      ...(account ? accountFindings(claims, legacy) : oidcFindings(claims)),
      note('Its signature is not looked at here: that takes the key of its issuer.'),
    ],
    rows,
    ...userOf(claims, account),
    parts: [],
  };
}

interface Account {
  namespace: string;
  name: string;
  boundTo: string;
}

function accountOf(claims: Claims): Account | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(claims['sub'] ?? ''));
  if (!match) return undefined;
  const own = claims['kubernetes.io'];
  if (claims['iss'] !== LEGACY_ISSUER && (typeof own !== 'object' || own === null)) return undefined;
  const bound = (own ?? {}) as Record<string, { name?: unknown } | undefined>;
  const to = ['pod', 'node', 'secret'].filter((kind) => bound[kind]?.name !== undefined);
  const boundTo = to.map((kind) => `${kind} ${String(bound[kind]!.name)}`).join(' and ');
  return { namespace: match[1]!, name: match[2]!, boundTo };
}

function userOf(claims: Claims, account: Account | undefined): Pick<Inspection, 'user'> {
  if (account)
    return {
      user: {
        name: `system:serviceaccount:${account.namespace}:${account.name}`,
        groups: [
          'system:serviceaccounts',
          `system:serviceaccounts:${account.namespace}`,
          'system:authenticated',
        ],
      },
    };
  if (typeof claims['sub'] !== 'string' || typeof claims['iss'] !== 'string') return {};
  return { user: { name: `${claims['iss']}#${claims['sub']}`, groups: ['system:authenticated'] } };
}

function timeFindings(claims: Claims, now: number, isAccount: boolean): Finding[] {
  const [exp, nbf, iat] = ['exp', 'nbf', 'iat'].map((name) =>
    typeof claims[name] === 'number' ? (claims[name] as number) * 1000 : undefined,
  );
  const findings: Finding[] = [];
  if (exp === undefined)
    findings.push(
      isAccount
        ? care('It never expires by itself: whoever has it is let in until its Secret is deleted.')
        : bad('It does not say when it expires (exp), and is refused for that.'),
    );
  else if (exp <= now) findings.push(bad(`It expired ${span(now - exp)} ago.`));
  else findings.push(fine(`It is good for another ${span(exp - now)}.`));
  if (nbf !== undefined && nbf > now) findings.push(bad(`It is good only in ${span(nbf - now)} (nbf).`));
  if (iat !== undefined && iat > now + 60_000)
    findings.push(care(`It says it was issued in ${span(iat - now)}: a clock is wrong.`));
  if (exp !== undefined && iat !== undefined && exp - iat > 25 * 3_600_000 && exp > now)
    findings.push(care(`It lives for ${span(exp - iat)}, which is long for a token.`));
  return findings;
}

function algorithmFindings(header: Claims): Finding[] {
  const algorithm = String(header['alg'] ?? '');
  if (ASYMMETRIC.test(algorithm)) return [];
  if (algorithm === '' || algorithm.toLowerCase() === 'none')
    return [bad('It is not signed: anybody can write such a token, and Kubernetes takes none.')];
  return [bad(`${algorithm} is not taken: keys that verify it could sign too.`)];
}

function accountFindings(claims: Claims, legacy: boolean): Finding[] {
  if (legacy) return [];
  const audiences = audiencesOf(claims);
  if (audiences.length === 0) return [];
  const issuer = String(claims['iss'] ?? '');
  if (audiences.includes(issuer) || audiences.some((one) => one.includes('kubernetes.default'))) return [];
  return [
    care(
      `It is for ${audiences.join(', ')}: an API server takes it only with such an audience in --api-audiences.`,
    ),
  ];
}

function oidcFindings(claims: Claims): Finding[] {
  const findings: Finding[] = [];
  const issuer = claims['iss'];
  if (typeof issuer !== 'string') findings.push(bad('It names no issuer (iss).'));
  else if (!issuer.startsWith('https://'))
    findings.push(bad('Its issuer is no https URL: OIDC asks for one.'));
  const audiences = audiencesOf(claims);
  if (audiences.length === 0) findings.push(bad('It is for nobody (aud): it has to name the client id.'));
  else findings.push(note(`It is for ${audiences.join(', ')}: --oidc-client-id has to be one of them.`));
  if (typeof claims['sub'] !== 'string')
    findings.push(care('It has no subject (sub), which names the user unless another claim is configured.'));
  if (claims['email'] !== undefined && claims['email_verified'] === false)
    findings.push(care('Its email is not verified: Kubernetes takes no user name from it.'));
  findings.push(
    note('The user is as claims are mapped without configuration: the issuer, # and the subject.'),
  );
  return findings;
}

const audiencesOf = ({ aud }: Claims): string[] =>
  Array.isArray(aud) ? aud.map(String) : typeof aud === 'string' ? [aud] : [];

function claimText(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === 'number') return `${value} (${at(value * 1000)})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
