import { child, type FieldError, forbidden, invalid } from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { defaultErrors } from '../custom-resources/default-values.ts';
import { structural, structuralFault } from '../custom-resources/structural.ts';
import { CelContext, TOTAL_COST_LIMIT } from './cel-context.ts';
import { shownSchema } from './internal-json.ts';
import { type OpenApiOptions, openApiErrors } from './openapi-validation.ts';
import { tooExpensive } from './rules-validation.ts';
import { structuralErrors } from './structural-validation.ts';

export interface SchemaOptions extends OpenApiOptions {
  structural: boolean;
  prunedDefaults: boolean;
}

/** A definition's `status` is checked by its own part of the schema: nothing beside `properties` may say more of it. */
const AT_ROOT: readonly [goName: string, name: string][] = [
  ['Description', 'description'],
  ['Type', 'type'],
  ['Format', 'format'],
  ['Title', 'title'],
  ['Maximum', 'maximum'],
  ['ExclusiveMaximum', 'exclusiveMaximum'],
  ['Minimum', 'minimum'],
  ['ExclusiveMinimum', 'exclusiveMinimum'],
  ['MaxLength', 'maxLength'],
  ['MinLength', 'minLength'],
  ['Pattern', 'pattern'],
  ['MaxItems', 'maxItems'],
  ['MinItems', 'minItems'],
  ['UniqueItems', 'uniqueItems'],
  ['MultipleOf', 'multipleOf'],
  ['Required', 'required'],
  ['Items', 'items'],
  ['Properties', 'properties'],
  ['ExternalDocs', 'externalDocs'],
  ['Example', 'example'],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields'],
  ['XValidations', 'x-kubernetes-validations'],
];
const ALLOWED = new Set(AT_ROOT.map(([, name]) => name));

/** Faults of `{openAPIV3Schema}` (validateCustomResourceDefinitionValidation). */
export function validationErrors(
  validation: Fields | undefined,
  hasStatus: boolean,
  options: SchemaOptions,
  path: string,
): FieldError[] {
  const schema: Fields | undefined = validation?.['openAPIV3Schema'] ?? undefined;
  if (!schema) return [];
  const at = child(path, 'openAPIV3Schema');
  const errors = hasStatus ? rootErrors(schema, at) : [];
  if (schema['nullable'] === true)
    errors.push(forbidden(`${at}.nullable`, 'nullable cannot be true at the root'));
  let context: CelContext | undefined;
  let unfit: FieldError | undefined;
  if (options.structural) {
    const fault = structuralFault(schema);
    if (fault !== undefined) unfit = invalid(at, '', fault);
    else {
      let faults = structuralErrors(schema, at);
      const unpacked = faults.length ? undefined : structural(schema);
      if (unpacked) faults = defaultErrors(unpacked, at, options.prunedDefaults);
      if (faults.length) errors.push(...faults);
      else if (unpacked) context = CelContext.root(unpacked);
    }
  }
  errors.push(...openApiErrors(schema, at, options, context));
  // Whatever keeps a schema from being unpacked has been told already, if anything has.
  if (errors.length === 0 && unfit) errors.push(unfit);
  if (context && context.costs.total > TOTAL_COST_LIMIT) {
    for (const { path: expensive } of context.costs.mostExpensive)
      errors.push(
        forbidden(
          expensive,
          'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
        ),
      );
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    errors.push(forbidden(at, tooExpensive(what, context.costs.total, TOTAL_COST_LIMIT)));
  }
  return errors;
}

function rootErrors(schema: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = schema['type'] ?? '';
  if (type !== '' && type !== 'object') {
    const why =
      'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalid(`${path}.type`, type, why)];
  }
  const others = Object.keys(schema).some((name) => isSet(schema[name]) && !ALLOWED.has(name));
  if (others)
    errors.push(
      invalid(
        path,
        shownSchema(schema),
        `only [${AT_ROOT.map(([goName]) => goName).join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
      ),
    );
  return errors;
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  return !Array.isArray(value) || value.length > 0;
}
