import { parse } from 'yaml';
import { quote } from '../meta/go-quote.ts';
import { type Fields, type GroupVersionKind, parseGroupVersion } from '../meta/object.ts';
import type { WebhookReply } from './client.ts';

/** The Go type of a field of a reply: a word, a list or map of them, or a struct with its name. */
export type GoShape = 'bool' | 'string' | 'int32' | '[]string' | 'map[string][]string' | 'any' | GoStruct;

export interface GoStruct {
  name: string;
  fields: Readonly<Record<string, GoShape>>;
}

export type Decoded = { ok: true; object: Fields } | { ok: false; message: string };

const ENVELOPE =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/**
 * The review in a webhook's answer. Kind and version may be absent, but where they are there they have to be the ones
 * asked for. Unknown fields are let be; known ones must have their type. Messages are client-go's.
 */
export function decodeReply(
  reply: Extract<WebhookReply, { ok: true }>,
  wanted: GroupVersionKind,
  shape: GoStruct,
): Decoded {
  if (reply.body === '') {
    const message = `0-length response with status code: ${reply.status} and content type: ${reply.contentType}`;
    return { ok: false, message };
  }
  const decoded = jsonText(reply.body);
  if (!decoded.ok) return decoded;
  const { object } = decoded;
  const fault = kindFault(object, wanted) ?? typeFault(object, shape, '');
  return fault === undefined ? { ok: true, object } : { ok: false, message: fault };
}

/**
 * The object a text holds. What does not begin like a JSON object is read as YAML, as kube-apiserver's decoders do; null is
 * an empty object.
 */
export function jsonText(text: string): Decoded {
  const refuse = (why: string): Decoded => ({
    ok: false,
    message: `couldn't get version/kind; json parse error: ${why}`,
  });
  let value: unknown;
  try {
    value = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text, { maxAliasCount: 0 });
  } catch (error) {
    return refuse(syntaxWords(text, error as Error));
  }
  if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
    return refuse(`json: cannot unmarshal ${jsonKind(value)} into Go value of type ${ENVELOPE}`);
  return { ok: true, object: (value ?? {}) as Fields };
}

/** What encoding/json says where JSON.parse stopped. */
function syntaxWords(text: string, error: Error): string {
  const at = /position (\d+)/.exec(error.message)?.[1];
  const char = at === undefined ? undefined : text[Number(at)];
  return char === undefined
    ? 'unexpected end of JSON input'
    : `invalid character '${char}' looking for beginning of value`;
}

function kindFault(object: Fields, wanted: GroupVersionKind): string | undefined {
  const kind = typeof object['kind'] === 'string' && object['kind'] !== '' ? object['kind'] : wanted.kind;
  const text = typeof object['apiVersion'] === 'string' ? object['apiVersion'] : '';
  const gv = text === '' ? wanted : parseGroupVersion(text);
  if (!gv) return `unexpected GroupVersion string: ${text}`;
  if (gv.group === wanted.group && gv.version === wanted.version && kind === wanted.kind) return undefined;
  if (!isKubernetesGroup(gv.group))
    return `no kind ${quote(kind)} is registered for version ${quote(text)} in scheme "k8s.io/client-go/kubernetes/scheme/register.go:83"`;
  return `converting (${gv.version}.${kind}) to (${wanted.version}.${wanted.kind}): unknown conversion`;
}

function isKubernetesGroup(group: string): boolean {
  return (
    ['', 'apps', 'autoscaling', 'batch', 'extensions', 'policy'].includes(group) || group.endsWith('.k8s.io')
  );
}

/** The first field of another type than Go's, in encoding/json's words. */
export function typeFault(object: Fields, shape: GoStruct, path: string): string | undefined {
  for (const [name, expected] of Object.entries(shape.fields)) {
    const value: unknown = object[name];
    if (value === undefined || value === null || expected === 'any') continue;
    const at = path === '' ? name : `${path}.${name}`;
    const refuse = (goType: string, found: unknown): string =>
      `json: cannot unmarshal ${jsonKind(found)} into Go struct field ${shape.name}.${at} of type ${goType}`;
    if (typeof expected === 'object') {
      if (typeof value !== 'object' || Array.isArray(value)) return refuse(`v1.${expected.name}`, value);
      const inner = typeFault(value as Fields, expected, at);
      if (inner !== undefined) return inner;
    } else if (expected === '[]string') {
      if (!Array.isArray(value)) return refuse('[]string', value);
      const odd = value.find((item) => typeof item !== 'string' && item !== null);
      if (odd !== undefined) return refuse('string', odd);
    } else if (expected === 'map[string][]string') {
      if (typeof value !== 'object' || Array.isArray(value)) return refuse('map[string]v1.ExtraValue', value);
      const odd = Object.values(value).find((item) => item !== null && !Array.isArray(item));
      if (odd !== undefined) return refuse('v1.ExtraValue', odd);
    } else if (
      typeof value !== (expected === 'bool' ? 'boolean' : expected === 'int32' ? 'number' : 'string')
    ) {
      return refuse(expected, value);
    }
  }
  return undefined;
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
