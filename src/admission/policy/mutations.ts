import {
  type Bindings,
  CelList,
  PatchOperation as CelPatchOperation,
  type CelValue,
  toJson,
  typeNameFaults,
} from '../../cel/index.ts';
import { groupVersion, type KubeObject } from '../../meta/object.ts';
import { mergeTyped } from '../../schema/apply/merge.ts';
import { DEDUCED, kindOf, type SchemaNode } from '../../schema/apply/schema-node.ts';
import { builtinSchemas } from '../../schema/apply/type-table-schema.ts';
import { validateTyped } from '../../schema/apply/typed-validate.ts';
import { typeTable } from '../../schema/type-table.ts';
import { type Expression, evaluate } from '../evaluation.ts';
import type { Budget, PolicyExpressions } from '../expressions.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { applyOperations } from '../webhook/json-patch.ts';
import type { MutatingSpec } from './objects.ts';

export interface Mutation extends Expression {
  patchType: string;
}

export function compileMutations(spec: MutatingSpec, expressions: PolicyExpressions): readonly Mutation[] {
  const common = { params: Boolean(spec.paramKind), authorizer: true, patchTypes: true };
  return (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => {
    const applies = patchType === 'ApplyConfiguration';
    const expression = (applies ? applyConfiguration?.expression : jsonPatch?.expression) ?? '';
    const result = applies ? ('applyConfiguration' as const) : ('jsonPatch' as const);
    return { patchType, expression, compiled: expressions.compile({ expression, result, ...common }) };
  });
}

/** What a mutation makes of an object: not decoded yet, nor with its defaults. Undefined: it leaves it as it is. */
export type Mutated = { ok: true; value: unknown } | { ok: false; error: string };

export async function mutate(
  mutation: Mutation,
  object: KubeObject,
  attributes: AdmissionAttributes,
  bindings: Bindings,
  budget: Budget,
): Promise<Mutated> {
  const { compiled, patchType } = mutation;
  if (!compiled.ok) return { ok: false, error: compiled.fault };
  const { value, error } = await evaluate(mutation, bindings, budget);
  if (error !== undefined) return { ok: false, error };
  return patchType === 'ApplyConfiguration' ? applied(value, object, attributes) : patched(value, object);
}

/** A JSON patch whose test fails leaves the object alone. */
function patched(value: CelValue, object: KubeObject): Mutated {
  const operations = [];
  for (const item of value instanceof CelList ? value : []) {
    if (!(item instanceof CelPatchOperation)) {
      return {
        ok: false,
        error: 'type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch',
      };
    }
    const fault = item.value === undefined ? undefined : typeNameFaults(item.value)[0];
    if (fault) return { ok: false, error: `type mismatch: ${fault}` };
    operations.push(toJson(item) as Record<string, unknown>);
  }
  const result = applyOperations(object, operations);
  if (result.ok) return { ok: true, value: result.document };
  if (result.error.endsWith(': test failed')) return { ok: true, value: object };
  return { ok: false, error: `JSON Patch: ${result.error}` };
}

/** An apply configuration is merged as server-side apply merges, but nobody owns what it sets. */
function applied(value: CelValue, object: KubeObject, { kind }: AdmissionAttributes): Mutated {
  const faults = typeNameFaults(value);
  if (faults.length) return { ok: false, error: `type mismatch: ${faults.join('\n')}` };
  const config = {
    ...(toJson(value) as Record<string, unknown>),
    kind: kind.kind,
    apiVersion: groupVersion(kind),
  };
  const type = typeTable.nameOfKind(kind);
  const schema = type === undefined ? DEDUCED : builtinSchemas.type(type);
  const misfit = validateTyped(config, schema);
  if (misfit !== undefined) {
    return {
      ok: false,
      error: `error applying patch: failed to convert patch object to typed object: ${misfit}`,
    };
  }
  const atomic = type === undefined ? [] : atomics(config, schema, '');
  if (atomic.length) {
    const why = `may not mutate atomic arrays, maps or structs: ${atomic.join(', ')}`;
    return { ok: false, error: `error applying patch: invalid ApplyConfiguration: ${why}` };
  }
  return { ok: true, value: mergeTyped(object, config, schema) };
}

/** Where a configuration would replace as a whole what it may have meant to add to. */
function atomics(value: unknown, node: SchemaNode, path: string): string[] {
  const kind = kindOf(node, value);
  if (kind === 'map' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const shape = node.map!;
    const found = shape.atomic ? [path] : [];
    for (const [key, item] of Object.entries(value)) {
      const field = shape.fields?.get(key);
      if (field) found.push(...atomics(item, field.node, `${path}.${key}`));
    }
    return found;
  }
  if (kind === 'list' && Array.isArray(value)) {
    const shape = node.list!;
    const found = shape.relation === 'atomic' ? [path] : [];
    for (const [i, item] of value.entries()) found.push(...atomics(item, shape.element, `${path}[${i}]`));
    return found;
  }
  return [];
}
