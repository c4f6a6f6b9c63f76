import { badRequestError } from '../../meta/status.ts';

/** Where a paged list goes on: the revision of its first page, and the last object shown. */
export interface ContinuePoint {
  /** -1: whatever is there now. */
  revision: number;
  /** `namespace/name` or `name`; the list goes on behind it. */
  after: string;
}

/**
 * The token a client gives back for the next page: base64url of JSON, in kube-apiserver's own form, so that clients that
 * look inside find what they expect (apiserver pkg/storage/continue.go). Keys are relative to the list's namespace.
 */
export function encodeContinue(revision: number, path: string, namespace: string): string {
  const key = namespace && path.startsWith(`${namespace}/`) ? path.slice(namespace.length + 1) : path;
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `${key}\u0000` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

const refused = (why: string) => badRequestError(`invalid continue token: ${why}`);

/** Throws the 400 of a token that is none. */
export function decodeContinue(text: string, namespace: string): ContinuePoint {
  if (!/^[A-Za-z0-9_-]*$/.test(text.replace(/=+$/, ''))) {
    const at = /[^A-Za-z0-9_-]/.exec(text)?.index ?? 0;
    throw refused(`continue key is not valid: illegal base64 data at input byte ${at}`);
  }
  const raw = Buffer.from(text, 'base64url');
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(raw.toString('utf8')) as typeof token;
  } catch {
    throw refused(`continue key is not valid: ${jsonFault(raw)}`);
  }
  if (token === null || typeof token !== 'object') throw refused('continue key is not valid');
  if (token.v !== 'meta.k8s.io/v1')
    throw refused(
      `continue key is not valid: server does not recognize this encoded version ${JSON.stringify(token.v ?? '')}`,
    );
  const revision = Number(token.rv ?? 0);
  if (revision === 0)
    throw refused(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  const start = token.start;
  if (typeof start !== 'string' || start === '')
    throw refused('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  if (start.split('/').some((part) => part === '..' || part === '.')) {
    throw refused(`continue key is not valid: ${start}`);
  }
  const key = (start.endsWith('\u0000') ? start.slice(0, -1) : start).replace(/^\/+/, '');
  return { revision, after: namespace ? `${namespace}/${key}` : key };
}

/** How Go's decoder words a text that does not begin as JSON does. */
function jsonFault(raw: Buffer): string {
  const first = raw.toString('latin1')[0];
  if (first === undefined) return 'unexpected end of JSON input';
  const code = first.charCodeAt(0);
  const shown = code >= 0x80 || code < 0x20 ? `\\u${code.toString(16).padStart(4, '0')}` : first;
  return `invalid character '${shown}' looking for beginning of value`;
}
