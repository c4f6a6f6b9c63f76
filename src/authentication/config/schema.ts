import type { Field, StructNode, TypeDefinition, TypeNode } from '../../schema/type-table.ts';

/** The Go types of AuthenticationConfiguration, for strict decoding (apiserver pkg/apis/apiserver/v1/types.go). */

const STRING: TypeNode = { kind: 'scalar', scalar: 'string', goType: 'string' };
const BOOL: TypeNode = { kind: 'scalar', scalar: 'boolean', goType: 'bool' };
const named = (goType: string): TypeNode => ({ kind: 'scalar', scalar: 'string', goType });
const list = (items: TypeNode): TypeNode => ({ kind: 'list', items, goType: `[]${items.goType}` });

function struct(version: string, goName: string, fields: Readonly<Record<string, TypeNode>>): StructNode {
  const members = Object.entries(fields).map(([name, node]): Field => field(name, node));
  const type: TypeDefinition = {
    name: `apiserver/${version}.${goName}`,
    goName,
    fields: members,
    byName: new Map(members.map((member) => [member.name, member])),
    kinds: [],
    mapType: undefined,
    unions: [],
    published: false,
    get node() {
      return node;
    },
  };
  const node: StructNode = { kind: 'struct', name: type.name, type, goType: `${version}.${goName}` };
  return node;
}

function field(name: string, node: TypeNode): Field {
  return {
    name,
    node,
    required: false,
    default: undefined,
    hasDefault: false,
    enum: undefined,
    patchStrategy: [],
    patchMergeKey: undefined,
    listType: undefined,
    listMapKeys: undefined,
    mapType: undefined,
    omitEmpty: true,
    omitZero: false,
    pointer: false,
    pb: 0,
    pbWay: [],
    goWay: [],
    pbWrapped: false,
  };
}

/** The type as its version names it in messages. */
export function configurationType(version: string): TypeDefinition {
  const of = (goName: string, fields: Readonly<Record<string, TypeNode>>): StructNode =>
    struct(version, goName, fields);
  const claim = { claim: STRING, expression: STRING };
  const prefixed = of('PrefixedClaimOrExpression', { ...claim, prefix: STRING });
  const issuer = of('Issuer', {
    url: STRING,
    discoveryURL: STRING,
    certificateAuthority: STRING,
    audiences: list(STRING),
    audienceMatchPolicy: named(`${version}.AudienceMatchPolicyType`),
    egressSelectorType: named(`${version}.EgressSelectorType`),
  });
  const mappings = of('ClaimMappings', {
    username: prefixed,
    groups: prefixed,
    uid: of('ClaimOrExpression', claim),
    extra: list(of('ExtraMapping', { key: STRING, valueExpression: STRING })),
  });
  const rule = { expression: STRING, message: STRING };
  const authenticator = of('JWTAuthenticator', {
    issuer,
    claimValidationRules: list(of('ClaimValidationRule', { claim: STRING, requiredValue: STRING, ...rule })),
    claimMappings: mappings,
    userValidationRules: list(of('UserValidationRule', rule)),
  });
  const anonymous = of('AnonymousAuthConfig', {
    enabled: BOOL,
    conditions: list(of('AnonymousAuthCondition', { path: STRING })),
  });
  return of('AuthenticationConfiguration', {
    kind: STRING,
    apiVersion: STRING,
    jwt: list(authenticator),
    anonymous,
  }).type;
}
