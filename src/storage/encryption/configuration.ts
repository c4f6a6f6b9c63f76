import { LineCounter, parseDocument } from 'yaml';
import { quote } from '../../meta/go-quote.ts';

export interface Key {
  name: string;
  /** Base64. */
  secret: string;
}

export interface KeysConfiguration {
  keys: Key[];
}

export interface KmsConfiguration {
  apiVersion: string;
  name: string;
  cachesize?: number;
  /** `unix:///path`. */
  endpoint: string;
  /** As Go writes a duration: `3s`. */
  timeout: string;
}

export interface ProviderConfiguration {
  aesgcm?: KeysConfiguration;
  aescbc?: KeysConfiguration;
  secretbox?: KeysConfiguration;
  identity?: Record<string, never>;
  kms?: KmsConfiguration;
}

export interface ResourceConfiguration {
  /** `secrets`, `pandas.example.com`, `*.` (the core group), `*.example.com`, `*.*`. */
  resources: string[];
  providers: ProviderConfiguration[];
}

export interface EncryptionConfiguration {
  resources: ResourceConfiguration[];
}

/** The file cannot be used; the message is what kube-apiserver says of it. Shows no secret. */
export class EncryptionConfigurationError extends Error {}

type Shape =
  | { of: 'string' }
  | { of: 'int' }
  | { of: 'list'; type: string; item: Shape }
  | { of: 'object'; type: string; fields: Record<string, Shape> };

const string: Shape = { of: 'string' };
const keys = (type: string): Shape => ({
  of: 'object',
  type,
  fields: {
    keys: {
      of: 'list',
      type: '[]v1.Key',
      item: { of: 'object', type: 'Key', fields: { name: string, secret: string } },
    },
  },
});
const provider: Shape = {
  of: 'object',
  type: 'ProviderConfiguration',
  fields: {
    aesgcm: keys('AESConfiguration'),
    aescbc: keys('AESConfiguration'),
    secretbox: keys('SecretboxConfiguration'),
    identity: { of: 'object', type: 'IdentityConfiguration', fields: {} },
    kms: {
      of: 'object',
      type: 'KMSConfiguration',
      fields: {
        apiVersion: string,
        name: string,
        cachesize: { of: 'int' },
        endpoint: string,
        timeout: string,
      },
    },
  },
};
const configuration: Shape = {
  of: 'object',
  type: 'EncryptionConfiguration',
  fields: {
    kind: string,
    apiVersion: string,
    resources: {
      of: 'list',
      type: '[]v1.ResourceConfiguration',
      item: {
        of: 'object',
        type: 'ResourceConfiguration',
        fields: {
          resources: { of: 'list', type: '[]string', item: string },
          providers: { of: 'list', type: '[]v1.ProviderConfiguration', item: provider },
        },
      },
    },
  },
};

/**
 * Decodes an EncryptionConfiguration, strictly, and sets its defaults (apiserver pkg/apis/apiserver/v1). `path` is for the
 * message only. Throws EncryptionConfigurationError. What it holds is not checked yet: see validation.ts.
 */
export function parseEncryptionConfiguration(text: string, path: string): EncryptionConfiguration {
  if (text.length === 0) {
    throw new EncryptionConfigurationError(
      `error while loading file: encryption provider configuration file ${quote(path)} is empty`,
    );
  }
  const fail = (words: string): never => {
    throw new EncryptionConfigurationError(
      `error decoding encryption provider configuration file ${quote(path)}: ${words}`,
    );
  };
  const counter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    lineCounter: counter,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const fault = document.errors[0];
  if (fault?.code === 'DUPLICATE_KEY') {
    const name = /^[A-Za-z]+/.exec(text.slice(fault.pos[0]))?.[0] ?? '';
    fail(
      `strict decoding error: yaml: unmarshal errors:\n  line ${counter.linePos(fault.pos[0]).line}: key "${name}" already set in map`,
    );
  }
  if (fault) fail(`yaml: line ${counter.linePos(fault.pos[0]).line}: ${fault.message}`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  if (!kind) return fail(`Object 'Kind' is missing in '${redacted(value)}'`);
  if (!apiVersion) return fail(`Object 'apiVersion' is missing in '${redacted(value)}'`);
  const known =
    (apiVersion === 'apiserver.config.k8s.io/v1' && kind === 'EncryptionConfiguration') ||
    (apiVersion === 'v1' && kind === 'EncryptionConfig');
  if (!known) {
    return fail(
      `no kind ${quote(String(kind))} is registered for version ${quote(String(apiVersion))} in scheme "k8s.io/apiserver/pkg/server/options/encryptionconfig/config.go:142"`,
    );
  }
  const unknown: string[] = [];
  const mistyped = misfit(value, configuration, '', 'EncryptionConfiguration', unknown);
  if (mistyped) return fail(mistyped);
  if (unknown.length > 0) {
    return fail(
      `strict decoding error: ${unknown.map((field) => `unknown field ${quote(field)}`).join(', ')}`,
    );
  }
  return withDefaults(value as Partial<EncryptionConfiguration>);
}

/** What does not fit its Go type; unknown fields are collected. */
function misfit(
  value: unknown,
  shape: Shape,
  path: string,
  owner: string,
  unknown: string[],
): string | undefined {
  if (value === null || value === undefined) return undefined;
  const type = shape.of === 'list' ? shape.type : shape.of === 'object' ? `v1.${shape.type}` : shape.of;
  const wrong = `json: cannot unmarshal ${goType(value)} into Go struct field ${owner} of type ${type === 'int' ? 'int32' : type}`;
  if (shape.of === 'string') return typeof value === 'string' ? undefined : wrong;
  if (shape.of === 'int') return Number.isInteger(value) ? undefined : wrong;
  if (shape.of === 'list') {
    if (!Array.isArray(value)) return wrong;
    for (const [i, item] of value.entries()) {
      const found = misfit(item, shape.item, `${path}[${i}]`, owner, unknown);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof value !== 'object' || Array.isArray(value)) return wrong;
  for (const [name, field] of Object.entries(value)) {
    const child = path === '' ? name : `${path}.${name}`;
    const fieldShape = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (!fieldShape) {
      unknown.push(child);
      continue;
    }
    const found = misfit(field, fieldShape, child, `${shape.type}.${name}`, unknown);
    if (found) return found;
  }
  return undefined;
}

function withDefaults(value: Partial<EncryptionConfiguration>): EncryptionConfiguration {
  const key = (k: Partial<Key> | null): Key => ({ name: k?.name ?? '', secret: k?.secret ?? '' });
  const keysOf = (c: Partial<KeysConfiguration>): KeysConfiguration => ({ keys: (c.keys ?? []).map(key) });
  return {
    resources: (value.resources ?? []).map((resource) => ({
      resources: (resource?.resources ?? []).map((name) => name ?? ''),
      providers: (resource?.providers ?? []).map((given) => {
        const made: ProviderConfiguration = {};
        if (given?.aesgcm) made.aesgcm = keysOf(given.aesgcm);
        if (given?.aescbc) made.aescbc = keysOf(given.aescbc);
        if (given?.secretbox) made.secretbox = keysOf(given.secretbox);
        if (given?.identity) made.identity = {};
        if (given?.kms) {
          const { apiVersion, name, cachesize, endpoint, timeout } = given.kms as Partial<KmsConfiguration>;
          made.kms = {
            apiVersion: apiVersion || 'v1',
            name: name ?? '',
            endpoint: endpoint ?? '',
            timeout: timeout ?? '3s',
          };
          if (cachesize !== undefined && cachesize !== null) made.kms.cachesize = cachesize;
          else if (made.kms.apiVersion === 'v1') made.kms.cachesize = 1000;
        }
        return made;
      }),
    })),
  };
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}

/** The object as JSON without what might be a secret. */
function redacted(value: object): string {
  return JSON.stringify(value, (name, field) => (name === 'secret' ? 'REDACTED' : field));
}
