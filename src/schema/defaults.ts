import { normalizeInPlace } from './normalize.ts';
import { type Field, type TypeDefinition, type TypeNode, typeTable } from './type-table.ts';

/**
 * Defaults that the type table says. Of what OpenAPI calls a default only this is one: a value other than Go's zero,
 * or any value of a pointer that is no struct. `{}`, `""`, `0` and `false` of other fields merely say that Go writes them;
 * `normalize` sees to that. What depends on the kind or on other fields is the strategies' part.
 */
type Fields = Record<string, unknown>;

interface Plan {
  /** Fields with a default, and what it is. */
  own: readonly Field[];
  /** Fields below which there are defaults. */
  inner: readonly { field: Field; type: TypeDefinition }[];
}

/** undefined: nothing to do for the type or anything in it. */
const plans = new Map<TypeDefinition, Plan | undefined>();

/** Sets the table's defaults in an object; in place. */
export function applyTableDefaults(object: Fields, type: TypeDefinition): void {
  const plan = planOf(type);
  if (!plan) return;
  for (const field of plan.own) {
    const value = object[field.name];
    if (value === undefined || value === null || (!field.pointer && value === ''))
      object[field.name] = field.default;
  }
  for (const { field, type: inner } of plan.inner) {
    const value = object[field.name];
    if (value === undefined || value === null) continue;
    if (field.node.kind === 'struct') applyTableDefaults(value as Fields, inner);
    else
      for (const item of Object.values(value as object)) if (item) applyTableDefaults(item as Fields, inner);
  }
}

/** Brings objects of a kind into their normal form, defaults set; in place. */
export function normalizer(type: TypeDefinition): (object: Fields) => void {
  return (object) => {
    normalizeInPlace(object, type);
    applyTableDefaults(object, type);
  };
}

/** As `normalizer`, by the type's name. */
export function normalizerOf(typeName: string): (object: Fields) => void {
  let normal: ((object: Fields) => void) | undefined;
  return (object) => {
    // Types are unpacked when they are first needed, not when the server starts.
    normal ??= normalizer(typeTable.type(typeName));
    normal(object);
  };
}

function planOf(type: TypeDefinition): Plan | undefined {
  if (!plans.has(type)) {
    const reached = new Set<TypeDefinition>();
    reach(type, reached);
    for (const found of reached) if (!plans.has(found)) plans.set(found, undefined);
    // Types may hold themselves, so what is below a type is settled once nothing changes any more.
    for (let changed = true; changed; ) {
      changed = false;
      for (const found of reached) {
        if (plans.get(found)) continue;
        const own = found.fields.filter(isDefault);
        const below = found.fields.some((field) => {
          const inner = structOf(field.node);
          return inner !== undefined && plans.get(inner) !== undefined;
        });
        if (own.length === 0 && !below) continue;
        plans.set(found, { own, inner: [] });
        changed = true;
      }
    }
    for (const found of reached) {
      const plan = plans.get(found);
      if (plan) plans.set(found, { own: plan.own, inner: innerOf(found) });
    }
  }
  return plans.get(type);
}

function innerOf(type: TypeDefinition): { field: Field; type: TypeDefinition }[] {
  return type.fields.flatMap((field) => {
    const inner = structOf(field.node);
    return inner && plans.get(inner) ? [{ field, type: inner }] : [];
  });
}

function reach(type: TypeDefinition, reached: Set<TypeDefinition>): void {
  if (reached.has(type)) return;
  reached.add(type);
  for (const field of type.fields) {
    const inner = structOf(field.node);
    if (inner) reach(inner, reached);
  }
}

function structOf(node: TypeNode): TypeDefinition | undefined {
  switch (node.kind) {
    case 'struct':
      return node.type;
    case 'list':
      return structOf(node.items);
    case 'map':
      return structOf(node.values);
  }
  return undefined;
}

function isDefault(field: Field): boolean {
  if (!field.hasDefault) return false;
  const value = field.default;
  if (typeof value === 'object') return false;
  return field.pointer || (value !== '' && value !== 0 && value !== false);
}
