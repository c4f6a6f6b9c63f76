import { ShownAs } from '../../meta/field-error.ts';
import { escapeHtml, goJson } from '../../meta/go-json.ts';
import type { Fields } from '../../meta/object.ts';
import type { InternalVersion } from './internal-spec.ts';

/**
 * Values of faults that are Go structs without JSON tags: every field is shown by its Go name, in the order of the
 * struct, empty ones too (pkg/apis/apiextensions/types.go, types_jsonschema.go).
 */

type Shown = (value: any) => string;

const text: Shown = (value) => escapeHtml(JSON.stringify(value ?? ''));
const flag: Shown = (value) => String(value === true);
/** A pointer to something plain. */
const optional: Shown = (value) => (value === undefined || value === null ? 'null' : goJson(value));
const integer: Shown = (value) => String(value ?? 0);
const list =
  (item: Shown): Shown =>
  (value: unknown[] | undefined) =>
    value?.length ? `[${value.map(item).join(',')}]` : 'null';
const map =
  (item: Shown): Shown =>
  (value: Fields | undefined) => {
    const keys = Object.keys(value ?? {}).sort();
    return keys.length ? `{${keys.map((key) => `${text(key)}:${item(value![key])}`).join(',')}}` : 'null';
  };
const pointer =
  (item: Shown): Shown =>
  (value) =>
    value === undefined || value === null ? 'null' : item(value);

function struct(fields: readonly [goName: string, name: string, shown: Shown][]): Shown {
  return (value: Fields) =>
    `{${fields.map(([goName, name, shown]) => `"${goName}":${shown(value[name])}`).join(',')}}`;
}

const rule = struct([
  ['Rule', 'rule', text],
  ['Message', 'message', text],
  ['MessageExpression', 'messageExpression', text],
  ['Reason', 'reason', optional],
  ['FieldPath', 'fieldPath', text],
  ['OptionalOldSelf', 'optionalOldSelf', optional],
]);
const nested: Shown = (value) => schema(value);
const schemaOrBool: Shown = (value) =>
  typeof value === 'object'
    ? `{"Allows":true,"Schema":${schema(value)}}`
    : `{"Allows":${value === true},"Schema":null}`;
const schemaOrArray: Shown = (value) =>
  Array.isArray(value)
    ? `{"Schema":null,"JSONSchemas":${list(nested)(value)}}`
    : `{"Schema":${schema(value)},"JSONSchemas":null}`;
const schemaOrStrings: Shown = (value) =>
  Array.isArray(value)
    ? `{"Schema":null,"Property":${list(text)(value)}}`
    : `{"Schema":${schema(value)},"Property":null}`;
const documentation = struct([
  ['Description', 'description', text],
  ['URL', 'url', text],
]);
const schema = struct([
  ['ID', 'id', text],
  ['Schema', '$schema', text],
  ['Ref', '$ref', optional],
  ['Description', 'description', text],
  ['Type', 'type', text],
  ['Nullable', 'nullable', flag],
  ['Format', 'format', text],
  ['Title', 'title', text],
  ['Default', 'default', optional],
  ['Maximum', 'maximum', optional],
  ['ExclusiveMaximum', 'exclusiveMaximum', flag],
  ['Minimum', 'minimum', optional],
  ['ExclusiveMinimum', 'exclusiveMinimum', flag],
  ['MaxLength', 'maxLength', optional],
  ['MinLength', 'minLength', optional],
  ['Pattern', 'pattern', text],
  ['MaxItems', 'maxItems', optional],
  ['MinItems', 'minItems', optional],
  ['UniqueItems', 'uniqueItems', flag],
  ['MultipleOf', 'multipleOf', optional],
  ['Enum', 'enum', list(optional)],
  ['MaxProperties', 'maxProperties', optional],
  ['MinProperties', 'minProperties', optional],
  ['Required', 'required', list(text)],
  ['Items', 'items', pointer(schemaOrArray)],
  ['AllOf', 'allOf', list(nested)],
  ['OneOf', 'oneOf', list(nested)],
  ['AnyOf', 'anyOf', list(nested)],
  ['Not', 'not', pointer(nested)],
  ['Properties', 'properties', map(nested)],
  ['AdditionalProperties', 'additionalProperties', pointer(schemaOrBool)],
  ['PatternProperties', 'patternProperties', map(nested)],
  ['Dependencies', 'dependencies', map(schemaOrStrings)],
  ['AdditionalItems', 'additionalItems', pointer(schemaOrBool)],
  ['Definitions', 'definitions', map(nested)],
  ['ExternalDocs', 'externalDocs', pointer(documentation)],
  ['Example', 'example', optional],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', optional],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', flag],
  ['XIntOrString', 'x-kubernetes-int-or-string', flag],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', list(text)],
  ['XListType', 'x-kubernetes-list-type', optional],
  ['XMapType', 'x-kubernetes-map-type', optional],
  ['XValidations', 'x-kubernetes-validations', list(rule)],
]);
const scale = struct([
  ['SpecReplicasPath', 'specReplicasPath', text],
  ['StatusReplicasPath', 'statusReplicasPath', text],
  ['LabelSelectorPath', 'labelSelectorPath', optional],
]);
const subresources = struct([
  ['Status', 'status', pointer(() => '{}')],
  ['Scale', 'scale', pointer(scale)],
]);
const column = struct([
  ['Name', 'name', text],
  ['Type', 'type', text],
  ['Format', 'format', text],
  ['Description', 'description', text],
  ['Priority', 'priority', integer],
  ['JSONPath', 'jsonPath', text],
]);
const version = struct([
  ['Name', 'name', text],
  ['Served', 'served', flag],
  ['Storage', 'storage', flag],
  ['Deprecated', 'deprecated', flag],
  ['DeprecationWarning', 'deprecationWarning', optional],
  ['Schema', 'schema', pointer(struct([['OpenAPIV3Schema', 'openAPIV3Schema', pointer(nested)]]))],
  ['Subresources', 'subresources', pointer(subresources)],
  ['AdditionalPrinterColumns', 'columns', list(column)],
  ['SelectableFields', 'selectableFields', list(struct([['JSONPath', 'jsonPath', text]]))],
]);

export const shownSchema = (value: Fields): ShownAs => new ShownAs(schema(value));
export const shownItems = (value: unknown): ShownAs => new ShownAs(schemaOrArray(value));
export const shownRule = (value: object): ShownAs => new ShownAs(rule(value));
/** Undefined where the spec has no list of versions, be it empty. */
export const shownVersions = (versions: readonly InternalVersion[] | undefined): ShownAs =>
  new ShownAs(versions?.length === 0 ? '[]' : list(version)(versions));
