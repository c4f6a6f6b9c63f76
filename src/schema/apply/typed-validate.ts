import { goValue } from '../patch/go-value.ts';
import { elementText, itemElement, type PathElement, PathElementError } from './path-element.ts';
import { isMap, kindOf, type ListShape, type MapShape, type Scalar, type SchemaNode } from './schema-node.ts';

/** One place where an applied configuration does not fit its type: `.spec.replicas`, and what is wrong there. */
interface Misfit {
  path: string;
  message: string;
}

/**
 * Why a value does not fit its type, in structured-merge-diff's words (typed/validate.go); undefined where it does.
 * Unknown fields, wrong types, and items of set and map lists that repeat one another are refused.
 */
export function validateTyped(value: unknown, schema: SchemaNode): string | undefined {
  const misfits = validate(value, schema);
  if (misfits.length === 0) return undefined;
  const texts = misfits.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return texts.length === 1 ? texts[0] : ['errors:', ...texts.map((text) => `  ${text}`)].join('\n');
}

const misfit = (message: string): Misfit[] => [{ path: '', message }];
const NONE: Misfit[] = [];

function validate(value: unknown, node: SchemaNode): Misfit[] {
  switch (kindOf(node, value)) {
    case 'map':
      if (value === null) return NONE;
      return isMap(value) ? validateMap(value, node.map!) : misfit(`expected map, got ${shown(value)}`);
    case 'list':
      if (value === null) return NONE;
      return Array.isArray(value)
        ? validateList(value, node.list!)
        : misfit(`expected list, got ${shown(value)}`);
    case 'scalar':
      return validateScalar(value, node.scalar!);
    default:
      return misfit('schema error: invalid atom: inlined');
  }
}

/** `%v` of the library's value: a pointer to a struct of one field. */
const shown = (value: unknown): string => `&{${goValue(value, true)}}`;

function validateScalar(value: unknown, scalar: Scalar): Misfit[] {
  if (value === null) return NONE;
  const type = typeof value;
  switch (scalar) {
    case 'numeric':
      return type === 'number' ? NONE : misfit(`expected numeric (int or float), got ${goTypeOf(value)}`);
    case 'string':
      return type === 'string'
        ? NONE
        : misfit(`expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
    case 'boolean':
      return type === 'boolean' ? NONE : misfit(`expected boolean, got ${shown(value)}`);
    default:
      return type === 'object' ? misfit(`expected any scalar, got ${shown(value)}`) : NONE;
  }
}

function goTypeOf(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

/** `%#v`. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isMap(value)) {
    const parts = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
    return `map[string]interface {}{${parts.join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : goValue(value, true);
}

function validateMap(map: Record<string, unknown>, shape: MapShape): Misfit[] {
  let out = NONE;
  for (const key of Object.keys(map)) {
    const value = map[key];
    const child = shape.fields?.get(key)?.node ?? shape.element;
    if (!child) return [...out, { path: `.${key}`, message: 'field not declared in schema' }];
    if (value !== undefined) out = under(`.${key}`, validate(value, child), out);
  }
  return out;
}

function validateList(list: readonly unknown[], shape: ListShape): Misfit[] {
  const seen = new Set<PathElement>();
  let out = NONE;
  for (let i = 0; i < list.length; i++) {
    let element: PathElement = `i:${i}`;
    if (shape.relation !== 'atomic') {
      try {
        element = itemElement(shape, list[i]);
      } catch (error) {
        if (!(error instanceof PathElementError)) throw error;
        return [...out, { path: '', message: `element ${i}: ${error.message}` }];
      }
      if (seen.has(element))
        out = [...out, { path: '', message: `duplicate entries for key ${elementText(element)}` }];
      seen.add(element);
    }
    const faults = validate(list[i], shape.element);
    if (faults.length) out = under(elementText(element), faults, out);
  }
  return out;
}

const under = (prefix: string, faults: Misfit[], before: Misfit[]): Misfit[] =>
  faults.length
    ? [...before, ...faults.map(({ path, message }) => ({ path: prefix + path, message }))]
    : before;
