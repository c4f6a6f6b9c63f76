import { quote } from '../../meta/go-quote.ts';
import { goSyntaxError } from '../../schema/go-json-syntax.ts';
import { jsonKind } from './claims.ts';
import { type IssuerAnswer, type IssuerClient, shownBody } from './issuer-client.ts';

const WELL_KNOWN = '/.well-known/openid-configuration';

/** Where an issuer says what it is (OpenID Connect Discovery 1.0, section 4). */
export const wellKnownUrl = (issuer: string): string => `${issuer.replace(/\/$/, '')}${WELL_KNOWN}`;

/**
 * Asks an issuer where its keys are. Rejects with an Error in go-oidc's words where it does not answer, or is not the
 * issuer that it was taken for.
 */
export async function discoverKeysUrl(
  client: IssuerClient,
  issuer: string,
  documentUrl: string,
): Promise<string> {
  const answer = await client.get(documentUrl);
  if (answer.status !== 200) throw new Error(`${answer.statusLine}: ${shownBody(answer.body)}`);
  const document = jsonDocument(answer, 'oidc: failed to decode provider discovery object: ');
  const issuerSaid = textField(document, 'issuer');
  if (issuerSaid !== issuer) {
    throw new Error(
      `oidc: issuer did not match the issuer returned by provider, expected ${quote(issuer)} got ${quote(issuerSaid)}`,
    );
  }
  const keys = textField(document, 'jwks_uri');
  if (keys === '') throw new Error('provider did not return JWKS URL');
  return keys;
}

/** The JSON object an answer holds. Throws an Error in go-oidc's words, with `head` before them. */
export function jsonDocument(answer: IssuerAnswer, head: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(answer.body);
    if (value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error(`json: cannot unmarshal ${jsonKind(value)} into Go value`);
  } catch (error) {
    const why =
      error instanceof SyntaxError
        ? (goSyntaxError(Buffer.from(answer.body)) ?? 'unexpected end of JSON input')
        : (error as Error).message;
    const type = String(answer.headers['content-type'] ?? '');
    throw new Error(
      type.split(';')[0]!.trim().toLowerCase() === 'application/json'
        ? `${head}got Content-Type = application/json, but could not unmarshal as JSON: ${why}`
        : `${head}expected Content-Type = application/json, got ${quote(type)}: ${why}`,
    );
  }
}

function textField(document: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(document, name) ? document[name] : undefined;
  return typeof value === 'string' ? value : '';
}
