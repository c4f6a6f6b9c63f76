import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  required,
  tooMany,
} from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { followFieldPath } from '../custom-resources/field-path.ts';
import { structural, structuralFault } from '../custom-resources/structural.ts';
import type { InternalVersion } from './internal-spec.ts';
import { type SchemaOptions, validationErrors } from './schema-validation.ts';

/** Faults of what a definition says per version (pkg/apis/apiextensions/validation). */

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];
export const MAX_SELECTABLE_FIELDS = 8;
/** unicode.IsPrint */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];

export function versionErrors(
  version: InternalVersion,
  hasStatus: boolean,
  options: SchemaOptions,
  tooManyFieldsAllowed: boolean,
  path: string,
): FieldError[] {
  const { deprecationWarning, schema, selectableFields } = version;
  const at = (name: string): string => child(path, name);
  const errors = deprecationFaults(version.deprecated, deprecationWarning).map((fault) =>
    invalid(at('deprecationWarning'), deprecationWarning, fault),
  );
  errors.push(...validationErrors(schema, hasStatus, options, at('schema')));
  errors.push(...subresourcesErrors(version.subresources, at('subresources')));
  errors.push(...columnsErrors(version.columns, at('additionalPrinterColumns')));
  if (selectableFields.length === 0) return errors;
  const whole: Fields | undefined = schema?.['openAPIV3Schema'];
  if (!whole)
    errors.push(
      invalid(
        at('selectableFields'),
        '',
        'may only be set when `version.schema.openAPIV3Schema` is not included',
      ),
    );
  else errors.push(...selectableErrors(selectableFields, whole, path, tooManyFieldsAllowed));
  return errors;
}

function deprecationFaults(deprecated: boolean, warning: string | undefined): string[] {
  if (warning === undefined || warning === null) return [];
  if (!deprecated) return ['can only be set for deprecated versions'];
  const faults: string[] = [];
  if (Buffer.byteLength(warning) > 256) faults.push('must be <= 256 characters long');
  if (warning === '') faults.push('must not be an empty string');
  let at = 0;
  for (const char of warning) {
    if (!PRINTABLE.test(char)) {
      faults.push(
        `must only contain printable UTF-8 characters; non-printable character found at index ${at}`,
      );
      break;
    }
    at += Buffer.byteLength(char);
  }
  return faults;
}

/** Where faults of selectable fields begin: in a version, or in the spec where all versions have the same. */
export function selectableErrors(
  fields: readonly Fields[],
  schema: Fields,
  path: string,
  tooManyAllowed: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const fault = structuralFault(schema);
  if (fault !== undefined) errors.push(invalid(child(path, 'schema.openAPIV3Schema'), '', fault));
  const unpacked = structural(fault === undefined ? schema : {});
  const at = child(path, 'selectableFields');
  const paths = new Set<string>();
  for (const [i, { jsonPath = '' }] of (fields as { jsonPath?: string }[]).entries()) {
    const where = child(index(at, i), 'jsonPath');
    if (jsonPath === '') {
      errors.push(required(where));
      continue;
    }
    const found = followFieldPath(jsonPath, unpacked, false);
    if (!found.ok) {
      errors.push(invalid(where, jsonPath, `is an invalid path: ${found.error}`));
      continue;
    }
    if (found.root === 'metadata')
      errors.push(invalid(where, jsonPath, 'must not point to fields in metadata'));
    if (!SELECTABLE_TYPES.includes(found.schema?.type ?? ''))
      errors.push(
        invalid(
          where,
          jsonPath,
          'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        ),
      );
    if (paths.has(found.path)) errors.push(duplicate(where, jsonPath));
    paths.add(found.path);
  }
  if (paths.size > MAX_SELECTABLE_FIELDS && !tooManyAllowed)
    errors.push(tooMany(at, paths.size, MAX_SELECTABLE_FIELDS));
  return errors;
}

export function columnsErrors(columns: readonly Fields[], path: string): FieldError[] {
  return columns.flatMap((column, i) => columnErrors(column, index(path, i)));
}

function columnErrors(column: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = (name: string): string => child(path, name);
  const { name = '', type = '', format = '', jsonPath = '' } = column as Record<string, string>;
  if (name === '') errors.push(required(at('name')));
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (type === '') errors.push(required(at('type'), types));
  else if (!COLUMN_TYPES.includes(type)) errors.push(invalid(at('type'), type, types));
  if (format !== '' && !COLUMN_FORMATS.includes(format))
    errors.push(invalid(at('format'), format, `must be one of ${COLUMN_FORMATS.join(',')}`));
  if (jsonPath === '') errors.push(required(at('JSONPath')));
  else errors.push(...simplePathErrors(jsonPath, at('JSONPath')));
  return errors;
}

const simplePathErrors = (text: string, path: string): FieldError[] =>
  text.startsWith('.') ? [] : [invalid(path, text, 'must be a simple json path starting with .')];

/** Faults of the paths that a scale subresource reads and writes. */
export function subresourcesErrors(subresources: Fields | undefined, path: string): FieldError[] {
  const scale: Fields | undefined = subresources?.['scale'] ?? undefined;
  if (!scale) return [];
  const check = (name: string, below: readonly string[], words: string): FieldError[] => {
    const at = child(path, `scale.${name}`);
    const text: string = scale[name] ?? '';
    if (text === '') return name === 'labelSelectorPath' ? [] : [required(at)];
    const errors = simplePathErrors(text, at);
    if (errors.length || below.some((start) => text.startsWith(start))) return errors;
    return [invalid(at, text, `should be a json path under ${words}`)];
  };
  return [
    ...check('specReplicasPath', ['.spec.'], '.spec'),
    ...check('statusReplicasPath', ['.status.'], '.status'),
    ...check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status'),
  ];
}
