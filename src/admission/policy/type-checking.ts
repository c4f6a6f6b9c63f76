import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  escapeName,
  INT,
  listType,
  mapType,
  objectType,
  STRING,
  type StructResolver,
  TIMESTAMP,
} from '../../cel/index.ts';
import { type GroupVersionKind, parseGroupVersion } from '../../meta/object.ts';
import { resources } from '../../schema/resources.ts';
import { type Scalar, type TypeDefinition, type TypeNode, typeTable } from '../../schema/type-table.ts';
import { PolicyExpressions } from '../expressions.ts';
import type { Rule } from '../webhook/rules.ts';
import type { ValidatingSpec } from './objects.ts';

export interface ExpressionWarning {
  fieldRef: string;
  warning: string;
}

/** A policy is checked against so many kinds at most. */
const MAX_TYPES = 10;

/**
 * Checks a policy's expressions against the types of the kinds that its rules name one by one; warnings for status, as nothing
 * keeps such a policy from working (apiserver pkg/admission/plugin/policy/validating/typechecking.go).
 */
export function typeCheck(spec: ValidatingSpec): ExpressionWarning[] {
  const kinds = kindsOf(spec.matchConstraints?.resourceRules ?? []).filter((kind) => typeTable.kind(kind));
  const params = spec.paramKind ? paramsType(spec.paramKind) : undefined;
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, expression: string): void => {
    const faults = kinds.flatMap((kind) => {
      const fault = faultFor(kind, expression, spec, params);
      const shown = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
      return fault === undefined ? [] : [`${shown}: ${fault}\n`];
    });
    if (faults.length) warnings.push({ fieldRef, warning: faults.join('\n') });
  };
  for (const [i, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    check(`spec.validations[${i}].expression`, expression);
    if (messageExpression) check(`spec.validations[${i}].messageExpression`, messageExpression);
  }
  return warnings;
}

function faultFor(
  kind: GroupVersionKind,
  expression: string,
  spec: ValidatingSpec,
  params: CelType | undefined,
): string | undefined {
  const object = structType(typeTable.kind(kind)!);
  const variables = spec.variables ?? [];
  const expressions = new PolicyExpressions(variables.length > 0, { object, params, structs: tableStructs });
  const common = {
    result: 'any' as const,
    params: Boolean(spec.paramKind),
    authorizer: true,
    patchTypes: false,
  };
  for (const { name, expression: value } of variables)
    expressions.addVariable(name, { expression: value, ...common });
  const compiled = expressions.compile({ expression, ...common });
  return compiled.ok ? undefined : compiled.fault.replace(/^compilation failed: /, '');
}

function paramsType({ apiVersion, kind }: { apiVersion: string; kind: string }): CelType | undefined {
  const gv = parseGroupVersion(apiVersion);
  const type = gv && typeTable.kind({ ...gv, kind });
  return type && structType(type);
}

/** The kinds of resources that rules name without wildcards. */
function kindsOf(rules: readonly Rule[]): GroupVersionKind[] {
  const found = new Map<string, GroupVersionKind>();
  for (const rule of rules) {
    const groups = named(rule.apiGroups);
    const versions = named(rule.apiVersions);
    const plurals = (rule.resources ?? []).filter((one) => !one.includes('*') && !one.includes('/'));
    for (const { group, version, plural, kind } of resources) {
      if (found.size >= MAX_TYPES) break;
      if (groups.includes(group) && versions.includes(version) && plurals.includes(plural)) {
        found.set(`${group}/${version}/${kind}`, { group, version, kind });
      }
    }
  }
  return [...found.keys()].sort().map((key) => found.get(key)!);
}

/** None where there is a wildcard among them. */
const named = (items: readonly string[] | null | undefined): readonly string[] =>
  items?.includes('*') ? [] : (items ?? []);

const PREFIX = 'table:';
const structType = ({ name }: TypeDefinition): CelType => objectType(PREFIX + name);
const definitions = new Map<string, TypeDefinition>();

/** The types of the table as CEL sees them. */
const tableStructs: StructResolver = (name) => {
  const definition = name.startsWith(PREFIX) ? definitionOf(name.slice(PREFIX.length)) : undefined;
  if (!definition) return undefined;
  const fields = new Map<string, TypeNode>();
  for (const { name: field, node } of definition.fields) fields.set(escapeName(field) ?? field, node);
  return {
    type: objectType(name),
    field(field) {
      const node = fields.get(field);
      return node && typeOf(node);
    },
  };
};

function definitionOf(name: string): TypeDefinition | undefined {
  let definition = definitions.get(name);
  if (!definition) {
    definition = typeTable.find(name);
    if (definition) definitions.set(name, definition);
  }
  return definition;
}

function typeOf(node: TypeNode): CelType {
  switch (node.kind) {
    case 'struct':
      return objectType(PREFIX + node.name);
    case 'list':
      return listType(typeOf(node.items));
    case 'map':
      return mapType(STRING, typeOf(node.values));
    default:
      return SCALARS[node.scalar] ?? DYN;
  }
}

const SCALARS: Partial<Record<Scalar, CelType>> = {
  string: STRING,
  int32: INT,
  int64: INT,
  double: DOUBLE,
  boolean: BOOL,
  bytes: BYTES,
  time: TIMESTAMP,
  microTime: TIMESTAMP,
  duration: STRING,
  quantity: STRING,
};
