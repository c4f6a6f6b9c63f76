import { isMap, isPair, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { durationMilliseconds, parseDuration } from '../../meta/duration.ts';
import { quote } from '../../meta/go-quote.ts';
import type { Fields } from '../../meta/object.ts';
import type { AuthorizationConfiguration, AuthorizerConfiguration, WebhookConfiguration } from './types.ts';

const GROUP = 'apiserver.config.k8s.io';
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];
const SCHEME = 'k8s.io/apiserver/pkg/apis/apiserver/load/load.go:31';

type Type = 'string' | 'bool' | 'duration' | Struct | readonly [Struct];
interface Struct {
  name: string;
  fields: Readonly<Record<string, Type>>;
}

const CONDITION: Struct = { name: 'WebhookMatchCondition', fields: { expression: 'string' } };
const WEBHOOK: Struct = {
  name: 'WebhookConfiguration',
  fields: {
    authorizedTTL: 'duration',
    cacheAuthorizedRequests: 'bool',
    unauthorizedTTL: 'duration',
    cacheUnauthorizedRequests: 'bool',
    timeout: 'duration',
    subjectAccessReviewVersion: 'string',
    matchConditionSubjectAccessReviewVersion: 'string',
    failurePolicy: 'string',
    connectionInfo: { name: 'WebhookConnectionInfo', fields: { type: 'string', kubeConfigFile: 'string' } },
    matchConditions: [CONDITION],
  },
};
const CONFIGURATION: Struct = {
  name: 'AuthorizationConfiguration',
  fields: {
    kind: 'string',
    apiVersion: 'string',
    authorizers: [
      { name: 'AuthorizerConfiguration', fields: { type: 'string', name: 'string', webhook: WEBHOOK } },
    ],
  },
};

/**
 * Reads an AuthorizationConfiguration, in YAML or JSON, of any of its versions, and fills in defaults. Throws an Error in
 * kube-apiserver's words (apiserver pkg/apis/apiserver/load). Nothing of it is validated yet.
 */
export function loadAuthorizationConfiguration(text: string): AuthorizationConfiguration {
  if (text === '') return { authorizers: [] };
  const document = parseDocument(text, { uniqueKeys: false, version: '1.1' });
  const fault = document.errors[0];
  if (fault)
    throw failure(
      `error converting YAML to JSON: yaml: line ${fault.linePos?.[0].line ?? 1}: ${fault.message.split('\n')[0]}`,
    );
  const value: unknown = document.toJS();
  if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
    throw failure(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const config = (value ?? {}) as Fields;
  checkKind(config);
  checkTypes(config, CONFIGURATION, '');
  const strict = [...repeatedKeys(document.contents), ...unknownFields(config, CONFIGURATION, '')];
  if (strict.length) throw failure(`strict decoding error: ${strict.join(', ')}`);
  return { authorizers: ((config['authorizers'] ?? []) as Fields[]).map(authorizer) };
}

const failure = (why: string): Error =>
  new Error(`failed to load AuthorizationConfiguration from file: ${why}`);

function checkKind(config: Fields): void {
  const { kind = '', apiVersion = '' } = config as { kind?: string; apiVersion?: string };
  if (kind === '') throw failure(`Object 'Kind' is missing in '${JSON.stringify(config)}'`);
  if (apiVersion === '') throw failure(`Object 'apiVersion' is missing in '${JSON.stringify(config)}'`);
  const [group, version] = apiVersion.split('/');
  const isKnown = group === GROUP && version !== undefined && VERSIONS.includes(version);
  if (isKnown && kind === 'AuthorizationConfiguration') return;
  throw failure(
    `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme ${quote(SCHEME)}`,
  );
}

function checkTypes(value: Fields, struct: Struct, path: string): void {
  for (const [name, type] of Object.entries(struct.fields)) {
    const found: unknown = value[name];
    if (found === undefined || found === null) continue;
    const at = path === '' ? name : `${path}.${name}`;
    const refuse = (goType: string): Error =>
      failure(
        `json: cannot unmarshal ${jsonKind(found)} into Go struct field ${struct.name}.${at} of type ${goType}`,
      );
    if (Array.isArray(type)) {
      const [element] = type as readonly [Struct];
      if (!Array.isArray(found)) throw refuse(`[]v1.${element.name}`);
      for (const item of found) checkTypes((item ?? {}) as Fields, element, at);
    } else if (typeof type === 'object') {
      if (typeof found !== 'object' || Array.isArray(found)) throw refuse(`v1.${(type as Struct).name}`);
      checkTypes(found as Fields, type as Struct, at);
    } else if (type === 'duration') {
      if (typeof found !== 'string')
        throw failure(`json: cannot unmarshal ${jsonKind(found)} into Go value of type string`);
      const nanos = parseDuration(found);
      if (typeof nanos !== 'bigint') throw failure(nanos.error);
    } else if (typeof found !== (type === 'bool' ? 'boolean' : 'string')) {
      throw refuse(type as string);
    }
  }
}

function unknownFields(value: Fields, struct: Struct, path: string): string[] {
  return Object.entries(value).flatMap(([name, inner]): string[] => {
    const at = path === '' ? name : `${path}.${name}`;
    const type = struct.fields[name];
    if (type === undefined) return [`unknown field ${quote(at)}`];
    if (typeof type === 'string' || !inner) return [];
    if (!Array.isArray(type)) return unknownFields(inner as Fields, type as Struct, at);
    const [element] = type as readonly [Struct];
    return (inner as Fields[]).flatMap((item, i) => unknownFields(item ?? {}, element, `${at}[${i}]`));
  });
}

function repeatedKeys(node: Node | null): string[] {
  const found: string[] = [];
  if (isSeq(node)) for (const item of node.items) found.push(...repeatedKeys(item as Node));
  if (!isMap(node)) return found;
  const seen = new Set<string>();
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const name = isScalar(pair.key) ? String(pair.key.value) : '';
    if (seen.has(name)) found.push(`yaml: key ${quote(name)} already set in map`);
    seen.add(name);
    found.push(...repeatedKeys(pair.value as Node | null));
  }
  return found;
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function authorizer(value: Fields | null): AuthorizerConfiguration {
  const { type = '', name = '', webhook: hook } = value ?? {};
  return { type: type ?? '', name: name ?? '', ...(hook ? { webhook: webhook(hook) } : {}) };
}

function webhook(value: Fields): WebhookConfiguration {
  const duration = (name: string): number => durationMilliseconds(value[name] ?? '0') ?? 0;
  const text = (name: string): string => value[name] ?? '';
  const connection = value['connectionInfo'] ?? {};
  return {
    timeoutMs: duration('timeout'),
    authorizedTtlMs: duration('authorizedTTL') || 300_000,
    unauthorizedTtlMs: duration('unauthorizedTTL') || 30_000,
    cacheAuthorizedRequests: value['cacheAuthorizedRequests'] ?? true,
    cacheUnauthorizedRequests: value['cacheUnauthorizedRequests'] ?? true,
    subjectAccessReviewVersion: text('subjectAccessReviewVersion'),
    matchConditionSubjectAccessReviewVersion: text('matchConditionSubjectAccessReviewVersion'),
    failurePolicy: text('failurePolicy'),
    connectionInfo: { type: connection.type ?? '', kubeConfigFile: connection.kubeConfigFile ?? undefined },
    matchConditions: ((value['matchConditions'] ?? []) as Fields[]).map((c) => ({
      expression: c?.['expression'] ?? '',
    })),
  };
}
