import { cloneJson } from '../../meta/clone.ts';
import { type FieldError, invalid } from '../../meta/field-error.ts';
import { type GroupVersionKind, groupVersion, type KubeObject } from '../../meta/object.ts';
import { forbiddenError } from '../../meta/status.ts';
import { sameValue } from '../../schema/apply/schema-node.ts';
import type { Strategy, StrategyContext } from '../strategy.ts';
import { CelValidator } from './cel-validator.ts';
import { Correlated } from './correlation.ts';
import { setDefaults } from './defaulting.ts';
import type { DefinitionVersion } from './definition-version.ts';
import { finalizerWarnings } from './finalizer-names.ts';
import { JsonPath, pathText } from './json-path.ts';
import { listTypeErrors } from './list-types.ts';
import { embeddedErrors } from './object-meta.ts';
import { type CustomScale, scaleSpecErrors, scaleStatusErrors } from './scale.ts';
import { SchemaValidator } from './schema-validator.ts';

/** Faults after which rules in CEL may meet values of types they do not expect. */
const BLOCKING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const UNCHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/** What one version of a custom resource does beyond the generic store (pkg/registry/customresource/strategy.go, status_strategy.go). */
export function customStrategy(version: DefinitionVersion, terminating: () => boolean): Strategy {
  const { schema, kind, scale } = version;
  const checks = new Checks(version);
  const whole: Strategy = {
    defaults: (object) => {
      if (object.kind === kind.kind) setDefaults(object, schema);
    },
    begin: async (object, old) => {
      if (old || !terminating()) return undefined;
      const resource = { group: kind.group, resource: version.plural };
      throw forbiddenError(
        resource,
        object.metadata.name ?? '',
        'create not allowed while custom resource definition is terminating',
      );
    },
    prepareForCreate: (object) => {
      object.metadata.generation = 1;
    },
    prepareForUpdate: (object, old) => {
      if (changedBesideMetadata(object, old)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validate: (object, context) => checks.create(object, scale, context),
    validateUpdate: (object, old, context) => checks.update(object, old, scale, context),
    warnings: (object, old) => finalizerWarnings(object, old),
    allowUnconditionalUpdate: false,
    untyped: true,
    selectableFields: selectableFields(version.selectableFields),
    ...(version.deprecation === undefined ? {} : { deprecated: version.deprecation }),
  };
  if (!version.hasStatus) return whole;
  return {
    ...whole,
    status: {
      prepareForUpdate: keepAllButStatus,
      validateUpdate: (object, old, context) => checks.status(object, old, scale, context),
    },
  };
}

/** The checks of one version; what they need is made when they first run. */
class Checks {
  readonly #version: DefinitionVersion;
  #whole: SchemaValidator | undefined;
  #status: SchemaValidator | undefined;
  #rules: CelValidator | undefined;

  constructor(version: DefinitionVersion) {
    this.#version = version;
  }

  create(object: KubeObject, scale: CustomScale | undefined, context: StrategyContext): FieldError[] {
    const wrong = typeErrors(object, this.#version.kind);
    if (wrong.length) return wrong;
    const { schema } = this.#version;
    return this.#withRules(object, undefined, undefined, context, [
      ...this.#validator.validate(object),
      ...scaleSpecErrors(object, scale),
      ...scaleStatusErrors(object, scale),
      ...embeddedErrors(object, schema),
      ...listTypeErrors(object, schema),
    ]);
  }

  update(
    object: KubeObject,
    old: KubeObject,
    scale: CustomScale | undefined,
    context: StrategyContext,
  ): FieldError[] {
    const wrong = typeErrors(object, this.#version.kind);
    if (wrong.length) return wrong;
    const { schema } = this.#version;
    const past = new Correlated(object, old, schema);
    return this.#withRules(object, old, past, context, [
      ...this.#validator.validateUpdate(past, object),
      ...scaleSpecErrors(object, scale),
      ...scaleStatusErrors(object, scale),
      ...embeddedErrors(object, schema),
      ...this.#listErrors(object, old),
    ]);
  }

  status(
    object: KubeObject,
    old: KubeObject,
    scale: CustomScale | undefined,
    context: StrategyContext,
  ): FieldError[] {
    const wrong = typeErrors(object, this.#version.kind);
    if (wrong.length) return wrong;
    const past = new Correlated(object, old, this.#version.schema);
    const own = this.#version.schema.properties?.get('status');
    if (own) this.#status ??= new SchemaValidator(own.values);
    const has = Object.hasOwn(object, 'status');
    return this.#withRules(object, old, past, context, [
      ...(has && this.#status
        ? this.#status.validateUpdate(past.key('status'), object['status'], 'status')
        : []),
      ...scaleStatusErrors(object, scale),
      ...this.#listErrors(object, old),
    ]);
  }

  get #validator(): SchemaValidator {
    this.#whole ??= new SchemaValidator(this.#version.schema.values);
    return this.#whole;
  }

  /** Lists that were no sets or maps before need not become such. */
  #listErrors(object: KubeObject, old: KubeObject): FieldError[] {
    const errors = listTypeErrors(object, this.#version.schema);
    return errors.length && listTypeErrors(old, this.#version.schema).length === 0 ? errors : [];
  }

  #withRules(
    object: KubeObject,
    old: KubeObject | undefined,
    correlated: Correlated | undefined,
    context: StrategyContext,
    errors: FieldError[],
  ): FieldError[] {
    const { schema } = this.#version;
    if (!schema.hasRules) return errors;
    if (errors.some((error) => BLOCKING.has(error.type)))
      return [...errors, invalid('<nil>', null, UNCHECKED)];
    this.#rules ??= new CelValidator(schema, true);
    const outcome = this.#rules.validate(object, old, '', {
      ...(correlated ? { correlated } : {}),
      warn: context.warn,
    });
    return [...errors, ...outcome.errors];
  }
}

function typeErrors(object: KubeObject, kind: GroupVersionKind): FieldError[] {
  const errors: FieldError[] = [];
  if (object.kind !== kind.kind) errors.push(invalid('kind', object.kind ?? '', `must be ${kind.kind}`));
  const version = groupVersion(kind);
  if (object.apiVersion !== version)
    errors.push(invalid('apiVersion', object.apiVersion ?? '', `must be ${version}`));
  return errors;
}

function changedBesideMetadata(object: KubeObject, old: KubeObject): boolean {
  const { metadata: _now, ...rest } = object;
  const { metadata: _before, ...before } = old;
  return !sameValue(rest, before);
}

/** Of what is sent to the status subresource, status and managedFields count. */
function keepAllButStatus(object: KubeObject, old: KubeObject): void {
  const { status } = object;
  const { managedFields } = object.metadata;
  const has = Object.hasOwn(object, 'status');
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, cloneJson(old));
  if (managedFields) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
  if (has) object['status'] = status;
  else delete object['status'];
}

function selectableFields(paths: readonly string[]): Record<string, (object: KubeObject) => string> {
  const fields: Record<string, (object: KubeObject) => string> = {};
  for (const path of paths) {
    const parsed = JsonPath.parse(path);
    const name = path.startsWith('.') ? path.slice(1) : path;
    fields[name] = (object) => {
      const value = parsed?.find(object)?.[0];
      return value === undefined || value === null ? '' : pathText(value);
    };
  }
  return fields;
}
