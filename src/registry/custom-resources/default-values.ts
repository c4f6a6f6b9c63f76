import { RUNTIME_CEL_COST_BUDGET } from '../../cel/index.ts';
import { cloneJson } from '../../meta/clone.ts';
import { aggregateText, child, errorText, type FieldError, invalid, key } from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { own, put, sameValue } from '../../schema/apply/schema-node.ts';
import { CelValidator } from './cel-validator.ts';
import { coerceEmbedded, embeddedErrors } from './object-meta.ts';
import { prune } from './pruning.ts';
import { SchemaValidator } from './schema-validator.ts';
import { shownValue } from './shown-value.ts';
import { asResource, type Structural } from './structural.ts';

/** Defaults in schemas (pkg/apiserver/schema/defaulting: prune.go, surroundingobject.go, validation.go). */

/** An object that holds nothing but a value at one place, and the way back to it. Undefined where there can be none. */
type Surroundings = (value: unknown) => { object: Fields; access(object: Fields): unknown } | undefined;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asRoot: Surroundings = (value) =>
  isObject(value) ? { object: value, access: (object) => object } : undefined;

const under =
  (around: Surroundings, name: string): Surroundings =>
  (value) => {
    const holder: Fields = {};
    put(holder, name, value);
    const outer = around(holder);
    return (
      outer && {
        object: outer.object,
        access: (object) => {
          const found = outer.access(object);
          return isObject(found) ? own(found, name) : undefined;
        },
      }
    );
  };

const inList =
  (around: Surroundings): Surroundings =>
  (value) => {
    const outer = around([value]);
    return (
      outer && {
        object: outer.object,
        access: (object) => {
          const found = outer.access(object);
          return Array.isArray(found) ? found[0] : undefined;
        },
      }
    );
  };

/** Whatever has no kind and version of its own is some resource. */
const asAnyResource: Surroundings = (value) => {
  const outer = asRoot(value);
  if (!outer) return undefined;
  outer.object['kind'] ??= 'Validation';
  outer.object['apiVersion'] ??= 'validation/v1';
  return outer;
};

/** Takes out of the defaults what the schema does not know; in place. Returns whether there was anything. */
export function pruneDefaults(schema: Structural): boolean {
  return pruneBelow(schema, asResource(schema), asRoot);
}

function pruneBelow(schema: Structural, root: Structural, around: Surroundings): boolean {
  if (!schema.hasDefaults) return false;
  let changed = false;
  if (schema.default !== undefined) {
    const before = schema.default;
    const made = around(cloneJson(before));
    if (made) {
      coerceEmbedded(made.object, root, '', { lenient: true });
      prune(made.object, root);
      schema.default = made.access(made.object);
      changed = !sameValue(before, schema.default);
    }
  }
  const { additional, items, properties } = schema;
  if (additional?.schema) changed = pruneBelow(additional.schema, root, under(around, '*')) || changed;
  if (items) changed = pruneBelow(items, root, inList(around)) || changed;
  for (const [name, property] of properties ?? [])
    changed = pruneBelow(property, root, under(around, name)) || changed;
  return changed;
}

interface Place {
  path: string;
  root: Structural;
  around: Surroundings;
  insideMeta: boolean;
}

/** Faults of the defaults in a schema, each by the schema it stands in. */
export function defaultErrors(schema: Structural, path: string, requirePruned: boolean): FieldError[] {
  const root = asResource(schema);
  const run = { budget: RUNTIME_CEL_COST_BUDGET, errors: [] as FieldError[] };
  visit(root, { path, root, around: asAnyResource, insideMeta: false }, requirePruned, run);
  return run.errors;
}

function visit(
  schema: Structural,
  given: Place,
  requirePruned: boolean,
  run: { budget: number; errors: FieldError[] },
): void {
  if (!schema.hasDefaults || run.budget < 0) return;
  const place = schema.embedded
    ? { path: given.path, root: schema, around: asAnyResource, insideMeta: false }
    : given;
  if (schema.default !== undefined) checkDefault(schema, place, requirePruned, run);
  if (run.budget < 0) return;
  const { path, root, around, insideMeta } = place;
  // Below additionalProperties there are no defaults.
  if (schema.items)
    visit(
      schema.items,
      { path: child(path, 'items'), root, around: inList(around), insideMeta },
      requirePruned,
      run,
    );
  for (const [name, property] of schema.properties ?? []) {
    const meta = insideMeta || (schema.embedded && ['metadata', 'apiVersion', 'kind'].includes(name));
    const at = key(child(path, 'properties'), name);
    visit(property, { path: at, root, around: under(around, name), insideMeta: meta }, requirePruned, run);
  }
}

function checkDefault(
  schema: Structural,
  place: Place,
  requirePruned: boolean,
  run: { budget: number; errors: FieldError[] },
): void {
  const at = child(place.path, 'default');
  const value = cloneJson(schema.default);
  const faults = place.insideMeta
    ? metaErrors(schema, place, at)
    : valueErrors(schema, value, at, requirePruned, run);
  if (faults.length) {
    run.errors.push(...faults);
    return;
  }
  const errors = new SchemaValidator(schema.values).validate(value, at);
  run.errors.push(...errors);
  if (errors.length || !schema.hasRules) return;
  const rules = new CelValidator(schema, schema === place.root);
  // A default has to stand as a value that was there before, and as a new one.
  const kept = rules.validate(value, value, at, { budget: run.budget });
  run.errors.push(...kept.errors);
  let { budget } = kept;
  if (kept.errors.length === 0) {
    const fresh = rules.validate(value, undefined, at, { budget: run.budget });
    run.errors.push(...fresh.errors);
    budget = Math.min(budget, fresh.budget);
  }
  run.budget = budget;
}

function metaErrors(schema: Structural, place: Place, at: string): FieldError[] {
  const made = place.around(cloneJson(schema.default));
  if (!made) return [];
  const refuse = (why: string): FieldError[] => [
    invalid(at, shownValue(schema.default), `must result in valid metadata: ${why}`),
  ];
  const root = asResource(place.root);
  const fault = coerceEmbedded(made.object, root);
  if (fault) return refuse(errorText(fault));
  const errors = embeddedErrors(made.object, root);
  return errors.length ? refuse(aggregateText(errors.map(errorText))) : [];
}

function valueErrors(
  schema: Structural,
  value: unknown,
  at: string,
  requirePruned: boolean,
  run: { errors: FieldError[] },
): FieldError[] {
  if (requirePruned) {
    const pruned = cloneJson(value);
    prune(pruned, schema);
    if (!sameValue(pruned, value))
      run.errors.push(invalid(at, shownValue(value), 'must not have unknown fields'));
  }
  const fault = coerceEmbedded(value, schema, at);
  return fault ? [fault] : embeddedErrors(value, schema, at);
}
