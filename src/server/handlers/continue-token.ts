import { badRequestError } from '../../meta/status.ts';
import { goSyntaxError } from '../../schema/go-json-syntax.ts';

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
  const broken = illegalBase64(text);
  if (broken !== undefined)
    throw refused(`continue key is not valid: illegal base64 data at input byte ${broken}`);
  const raw = Buffer.from(text, 'base64url');
  const token = parseToken(raw);
  if (token.v !== 'meta.k8s.io/v1')
    throw refused(`continue key is not valid: server does not recognize this encoded version ${token.v}`);
  if (token.rv === 0)
    throw refused(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  const { start } = token;
  if (start === '')
    throw refused('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  const rooted = start.startsWith('/') ? start : `/${start}`;
  // No step upwards and no empty one: the key stays below the list's own.
  if (rooted.split('/').some((part, at) => (part === '' && at > 0) || part === '..' || part === '.')) {
    throw refused(`continue key is not valid: ${start}`);
  }
  const key = (start.endsWith('\u0000') ? start.slice(0, -1) : start).replace(/^\/+/, '');
  return { revision: token.rv, after: namespace ? `${namespace}/${key}` : key };
}

/** Where Go's base64.RawURLEncoding would stop; undefined for what it takes. */
function illegalBase64(text: string): number | undefined {
  const at = /[^A-Za-z0-9_\-\r\n]/.exec(text)?.index;
  if (at !== undefined) return at;
  const length = text.replace(/[\r\n]/g, '').length;
  return length % 4 === 1 ? text.length - 1 : undefined;
}

/** The token's fields as Go's decoder would fill them: any case of a name, the last one wins. */
function parseToken(raw: Buffer): { v: string; rv: number; start: string } {
  const token = { v: '', rv: 0, start: '' };
  const syntax = goSyntaxError(raw);
  if (syntax !== undefined) throw refused(`continue key is not valid: ${syntax}`);
  const value = JSON.parse(raw.toString('utf8')) as unknown;
  if (value === null) return token;
  if (typeof value !== 'object' || Array.isArray(value))
    throw refused(
      `continue key is not valid: json: cannot unmarshal ${goKind(value)} into Go value of type storage.continueToken`,
    );
  for (const [name, field] of Object.entries(value)) {
    const known = name.toLowerCase();
    if (field === null || (known !== 'v' && known !== 'rv' && known !== 'start')) continue;
    const fits = known === 'rv' ? Number.isInteger(field) : typeof field === 'string';
    if (!fits) {
      const found = known === 'rv' && typeof field === 'number' ? `number ${field}` : goKind(field);
      throw refused(
        `continue key is not valid: json: cannot unmarshal ${found} into Go struct field continueToken.${known} of type ${known === 'rv' ? 'int64' : 'string'}`,
      );
    }
    Object.assign(token, { [known]: field });
  }
  return token;
}

const goKind = (value: unknown): string => {
  if (Array.isArray(value)) return 'array';
  return { boolean: 'bool', number: 'number', string: 'string' }[typeof value as string] ?? 'object';
};
