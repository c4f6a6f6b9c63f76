import { type Compiled, compileRegex } from '../../cel/regex.ts';
import { codePoints } from '../../cel/values.ts';
import type { FieldError } from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import { sameValue } from '../../schema/apply/schema-node.ts';
import type { Correlated } from './correlation.ts';
import { formatCheck, isKnownFormat } from './formats.ts';
import { numberFaults } from './number-validation.ts';
import * as faults from './schema-fault.ts';
import { fieldErrorOf, type SchemaFault } from './schema-fault.ts';

/**
 * Validates values by a schema of a CustomResourceDefinition, with kube-openapi's order of checks and its words
 * (kube-openapi pkg/validation/validate). Faults of parts that an update leaves as they were are passed over.
 */
export class SchemaValidator {
  readonly #root: SchemaNode;

  /** @param schema openAPIV3Schema, or that of a part */
  constructor(schema: Fields) {
    this.#root = nodeOf(schema);
  }

  /** @param path where the value stands; empty for the object itself */
  validate(value: unknown, path = ''): FieldError[] {
    return shown(check(this.#root, value, '', undefined), path);
  }

  /** Checks a change; without a correlation, as if the value was new. */
  validateUpdate(correlated: Correlated | undefined, value: unknown, path = ''): FieldError[] {
    return shown(
      correlated ? ratcheted(this.#root, correlated, '') : check(this.#root, value, '', undefined),
      path,
    );
  }
}

const shown = (result: Result, path: string): FieldError[] =>
  result.faults.length ? result.faults.map((fault) => fieldErrorOf(fault, path)) : [];

/** Of several alternatives the one is told of that fits best: the more checks it passes, the better. */
class Result {
  readonly faults: SchemaFault[] = [];
  matches = 0;
  #told: Set<string> | undefined;

  add(fault: SchemaFault | undefined): void {
    if (!fault) return;
    this.#told ??= new Set();
    if (this.#told.has(fault.message)) return;
    this.#told.add(fault.message);
    this.faults.push(fault);
  }

  merge(other: Result): void {
    for (const fault of other.faults) this.add(fault);
    this.matches += other.matches;
  }

  get valid(): boolean {
    return this.faults.length === 0;
  }
}

interface SchemaNode {
  types: readonly string[];
  typeText: string;
  nullable: boolean;
  format: string;
  checkFormat: ((text: string) => boolean) | undefined;
  enumeration: readonly unknown[];
  maxLength: number | undefined;
  minLength: number | undefined;
  pattern: string;
  compiled: Compiled | undefined;
  maxItems: number | undefined;
  minItems: number | undefined;
  uniqueItems: boolean;
  maxProperties: number | undefined;
  minProperties: number | undefined;
  required: readonly string[];
  properties: ReadonlyMap<string, SchemaNode> | undefined;
  /** False: there may be none beside the properties. */
  additional: SchemaNode | boolean | undefined;
  items: SchemaNode | undefined;
  allOf: readonly SchemaNode[];
  anyOf: readonly SchemaNode[];
  oneOf: readonly SchemaNode[];
  not: SchemaNode | undefined;
  /** minimum, maximum, multipleOf as they are written. */
  raw: Fields;
}

const isSchema = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function nodeOf(schema: Fields): SchemaNode {
  const types: string[] =
    schema['x-kubernetes-int-or-string'] === true
      ? ['integer', 'string']
      : schema['type']
        ? [schema['type']]
        : [];
  const format: string = schema['format'] && isKnownFormat(schema['format'], types) ? schema['format'] : '';
  const many = (list: Fields[] | undefined): SchemaNode[] => (list ?? []).map(nodeOf);
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Fields>);
  const additional: unknown = schema['additionalProperties'];
  return {
    types,
    typeText: types.join(','),
    nullable: schema['nullable'] === true,
    format,
    checkFormat: format === '' ? undefined : formatCheck(format),
    enumeration: schema['enum'] ?? [],
    maxLength: schema['maxLength'],
    minLength: schema['minLength'],
    pattern: schema['pattern'] ?? '',
    compiled: undefined,
    maxItems: schema['maxItems'],
    minItems: schema['minItems'],
    uniqueItems: schema['uniqueItems'] === true,
    maxProperties: schema['maxProperties'],
    minProperties: schema['minProperties'],
    required: schema['required'] ?? [],
    properties: properties.length
      ? new Map(properties.map(([name, property]) => [name, nodeOf(property)]))
      : undefined,
    additional: isSchema(additional)
      ? nodeOf(additional)
      : typeof additional === 'boolean'
        ? additional
        : undefined,
    items: isSchema(schema['items']) ? nodeOf(schema['items']) : undefined,
    allOf: many(schema['allOf']),
    anyOf: many(schema['anyOf']),
    oneOf: many(schema['oneOf']),
    not: isSchema(schema['not']) ? nodeOf(schema['not']) : undefined,
    raw: schema,
  };
}

/** What a value is to kube-openapi: its JSON type, and the format that stands for its Go type. */
function typeOfValue(value: unknown): [type: string, format: string] {
  switch (typeof value) {
    case 'string':
      return ['string', ''];
    case 'boolean':
      return ['boolean', ''];
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 2 ** 63
        ? ['integer', 'int64']
        : ['number', 'float64'];
    default:
      return Array.isArray(value) ? ['array', ''] : ['object', ''];
  }
}

/** A value whose past is known: what is wrong with it is no matter where it has not changed. */
function ratcheted(node: SchemaNode, correlated: Correlated, path: string): Result {
  const result = check(node, correlated.value, path, correlated);
  if (result.valid || !correlated.unchanged) return result;
  const passed = new Result();
  passed.matches = result.matches;
  return passed;
}

function checkField(
  node: SchemaNode,
  value: unknown,
  path: string,
  parent: Correlated | undefined,
  name: string,
  root: boolean,
): Result {
  // The type of an object never shows a change: old and new are brought to the same before.
  const correlated = root && (name === 'kind' || name === 'apiVersion') ? undefined : parent?.key(name);
  return correlated ? ratcheted(node, correlated, path) : check(node, value, path, undefined);
}

function check(node: SchemaNode, value: unknown, path: string, correlated: Correlated | undefined): Result {
  const result = new Result();
  if (value === null || value === undefined) {
    if (node.types.length && !node.nullable && !node.types.includes('null'))
      result.add(faults.wrongType(path, node.typeText, 'null'));
    else result.matches++;
    if (node.enumeration.length) result.add(faults.notInEnum(path, null, node.enumeration));
    return result;
  }
  if (node.types.length || node.format !== '') {
    const fault = typeFault(node, value, path);
    if (fault) result.add(fault);
    else result.matches++;
    result.matches++;
  }
  checkCombinations(node, value, path, result);
  result.matches += 2;
  if (typeof value === 'string') {
    result.add(textFault(node, value, path));
    result.matches++;
    if (node.checkFormat) {
      if (!node.checkFormat(value)) result.add(formatFault(node, value, path));
      result.matches++;
    }
  } else if (typeof value === 'number') {
    for (const fault of numberFaults(node.raw, node.types, node.format, value, path)) result.add(fault);
    result.matches += 2;
  } else if (Array.isArray(value)) {
    checkList(node, value, path, correlated, result);
    result.matches += 2;
  }
  if (node.enumeration.length && !node.enumeration.some((allowed) => sameValue(allowed, value)))
    result.add(faults.notInEnum(path, value, node.enumeration));
  result.matches++;
  if (typeof value === 'object' && !Array.isArray(value)) {
    checkObject(node, value as Fields, path, correlated, result);
    result.matches++;
  }
  result.matches++;
  return result;
}

const formatFault = (node: SchemaNode, value: string, path: string): SchemaFault =>
  faults.wrongType(path, node.format, value);

function typeFault(node: SchemaNode, value: unknown, path: string): SchemaFault | undefined {
  const { types, format } = node;
  const [type, goFormat] = typeOfValue(value);
  const wholeFloat = type === 'number' && Number.isInteger(value) && types.includes('integer');
  const integerAsNumber = type === 'integer' && types.includes('number');
  const fits = types.includes(type) || wholeFloat || integerAsNumber;
  const textOrList = type === 'string' || type === 'array';
  if (!textOrList && format !== '' && !fits && goFormat !== format)
    return faults.wrongType(path, format, goFormat);
  if (textOrList && format !== '' && !types.includes('number') && !types.includes('integer'))
    return undefined;
  return fits ? undefined : faults.wrongType(path, node.typeText, type);
}

function textFault(node: SchemaNode, value: string, path: string): SchemaFault | undefined {
  if (node.maxLength !== undefined && value.length > node.maxLength && codePoints(value) > node.maxLength)
    return faults.overLength(path, node.maxLength);
  if (node.minLength !== undefined && codePoints(value) < node.minLength)
    return faults.underLength(path, node.minLength, value);
  if (node.pattern === '') return undefined;
  node.compiled ??= compileRegex(node.pattern);
  if (!node.compiled.ok)
    return faults.notMatching(
      path,
      `${node.pattern}, but pattern is invalid: ${node.compiled.message}`,
      value,
    );
  return node.compiled.regex.test(value) ? undefined : faults.notMatching(path, node.pattern, value);
}

function checkCombinations(node: SchemaNode, value: unknown, path: string, result: Result): void {
  if (node.anyOf.length) checkAnyOf(node, value, path, result);
  if (node.oneOf.length) checkOneOf(node, value, path, result);
  if (node.allOf.length) {
    let valid = 0;
    for (const part of node.allOf) {
      const one = check(part, value, path, undefined);
      if (one.valid) valid++;
      result.merge(one);
    }
    if (valid !== node.allOf.length) result.add(faults.notAll(path, valid));
  }
  if (node.not && check(node.not, value, path, undefined).valid) result.add(faults.fitsNot(path));
}

function checkAnyOf(node: SchemaNode, value: unknown, path: string, result: Result): void {
  let best: Result | undefined;
  for (const part of node.anyOf) {
    const one = check(part, value, path, undefined);
    if (one.valid) {
      result.merge(one);
      return;
    }
    if (!best || one.matches > best.matches) best = one;
  }
  result.add(faults.noneOfAny(path));
  if (best) result.merge(best);
}

function checkOneOf(node: SchemaNode, value: unknown, path: string, result: Result): void {
  let best: Result | undefined;
  let first: Result | undefined;
  let valid = 0;
  for (const part of node.oneOf) {
    const one = check(part, value, path, undefined);
    if (one.valid) {
      valid++;
      best = undefined;
      first ??= one;
    } else if (valid === 0 && (!best || one.matches > best.matches)) best = one;
  }
  if (valid === 1) {
    result.merge(first!);
    return;
  }
  result.add(faults.notOne(path, valid));
  if (best) result.merge(best);
}

function checkList(
  node: SchemaNode,
  list: readonly unknown[],
  path: string,
  correlated: Correlated | undefined,
  result: Result,
): void {
  if (node.items) {
    for (let i = 0; i < list.length; i++) {
      const past = correlated?.index(i);
      const at = `${path}[${i}]`;
      result.merge(past ? ratcheted(node.items, past, at) : check(node.items, list[i], at, undefined));
    }
  }
  if (node.minItems !== undefined && list.length < node.minItems)
    result.add(faults.underItems(path, node.minItems, list.length));
  if (node.maxItems !== undefined && list.length > node.maxItems)
    result.add(faults.overItems(path, node.maxItems, list.length));
  if (node.uniqueItems && list.some((item, i) => list.slice(0, i).some((other) => sameValue(item, other))))
    result.add(faults.notUnique(path));
}

function checkObject(
  node: SchemaNode,
  object: Fields,
  path: string,
  correlated: Correlated | undefined,
  result: Result,
): void {
  const keys = Object.keys(object);
  const { minProperties, maxProperties, properties, additional } = node;
  if (minProperties !== undefined && keys.length < minProperties)
    result.add(faults.underProperties(path, minProperties, keys.length));
  if (maxProperties !== undefined && keys.length > maxProperties)
    result.add(faults.overProperties(path, maxProperties, keys.length));
  const root = path === '';
  if (additional === false) {
    for (const key of keys) if (!properties?.has(key)) result.add(faults.forbiddenProperty(path, key));
  } else if (typeof additional === 'object') {
    for (const key of keys) {
      if (!properties?.has(key))
        result.merge(checkField(additional, object[key], `${path}.${key}`, correlated, key, root));
    }
  }
  for (const [name, property] of properties ?? []) {
    if (!Object.hasOwn(object, name)) continue;
    result.merge(checkField(property, object[name], root ? name : `${path}.${name}`, correlated, name, root));
  }
  for (const name of node.required)
    if (!Object.hasOwn(object, name)) result.add(faults.missing(`${path}.${name}`));
}
