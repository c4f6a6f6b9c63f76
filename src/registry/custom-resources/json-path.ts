import { formatG } from '../../cel/go-float.ts';
import { goJson } from '../../meta/go-json.ts';
import { type PathNode, parseJsonPath } from './json-path-parser.ts';

/** What cannot be looked for in a value of this shape. */
class PathError extends Error {}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every value that `..` may visit costs a step; more than this is no table cell. */
const MAX_STEPS = 100_000;

/** A path into objects (client-go util/jsonpath). */
export class JsonPath {
  readonly #nodes: readonly PathNode[];

  private constructor(nodes: readonly PathNode[]) {
    this.#nodes = nodes;
  }

  /** Undefined where the text is no path. */
  static parse(text: string): JsonPath | undefined {
    const nodes = parseJsonPath(text);
    return nodes && new JsonPath(nodes);
  }

  /** What is found, none where keys are missing; undefined where the value cannot be walked like this. */
  find(value: unknown): unknown[] | undefined {
    try {
      return follow(this.#nodes, [value], { steps: 0 });
    } catch (error) {
      if (error instanceof PathError) return undefined;
      throw error;
    }
  }
}

function follow(nodes: readonly PathNode[], input: unknown[], work: { steps: number }): unknown[] {
  let values = input;
  for (const node of nodes) values = step(node, values, work);
  return values;
}

function step(node: PathNode, input: unknown[], work: { steps: number }): unknown[] {
  switch (node.kind) {
    case 'text':
      return [node.text];
    case 'number':
    case 'bool':
      return input.map(() => node.value);
    case 'field':
      return input.flatMap((value) =>
        isMap(value) && Object.hasOwn(value, node.name) ? [value[node.name]] : [],
      );
    case 'wildcard':
      return input.flatMap(contents);
    case 'recursive':
      return descend(input, work);
    case 'slice':
      return input.flatMap((value) => (value === null ? [] : sliced(node, value)));
    case 'union':
      return node.parts.flatMap((part) => follow(part, input, work));
    case 'filter':
      return input.flatMap((value) => filtered(node, value, work));
    case 'identifier':
      throw new PathError(`unrecognized identifier ${node.name}`);
  }
}

function contents(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isMap(value) ? Object.values(value) : [];
}

function descend(input: unknown[], work: { steps: number }): unknown[] {
  const out: unknown[] = [];
  for (const value of input) {
    if (++work.steps > MAX_STEPS) throw new PathError('too much to visit');
    const inner = contents(value);
    if (inner.length === 0) continue;
    out.push(value);
    for (const below of descend(inner, work)) out.push(below);
  }
  return out;
}

function sliced(node: PathNode & { kind: 'slice' }, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new PathError('not an array or slice');
  const { length } = value;
  let start = node.start ?? 0;
  if (start < 0) start += length;
  let end = node.end ?? length;
  if (end < 0 || (end === 0 && node.single)) end += length;
  if (start === end) return [];
  if (start >= length || start < 0 || end > length || end < 0 || start > end)
    throw new PathError('array index out of bounds');
  const by = node.step ?? 1;
  if (by <= 0) throw new PathError('step must be > 0');
  return value.slice(start, end).filter((_, i) => i % by === 0);
}

function filtered(node: PathNode & { kind: 'filter' }, value: unknown, work: { steps: number }): unknown[] {
  if (!Array.isArray(value)) throw new PathError('not an array or slice and cannot be filtered');
  return value.filter((item: unknown) => {
    if (node.operator === 'exists') return exists(node.left, item, work);
    const left = follow(node.left, [item], work);
    if (left.length === 0) return false;
    const right = follow(node.right, [item], work);
    if (right.length === 0) return false;
    if (left.length > 1 || right.length > 1) throw new PathError('can only compare one element at a time');
    return compare(node.operator, left[0], right[0]);
  });
}

function exists(nodes: readonly PathNode[], item: unknown, work: { steps: number }): boolean {
  try {
    return follow(nodes, [item], work).length > 0;
  } catch (error) {
    if (error instanceof PathError) return false;
    throw error;
  }
}

/** text/template compares values of one basic kind alone; whole numbers and fractions are two. */
function basicKind(value: unknown): string {
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : typeof value;
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  const kind = basicKind(left);
  if (kind !== basicKind(right) || !['int', 'float', 'string', 'boolean'].includes(kind))
    throw new PathError('incompatible types for comparison');
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (kind === 'boolean') throw new PathError('invalid type for comparison');
  const [a, b] = [left as number, right as number];
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw new PathError(`unrecognized filter operator ${operator}`);
  }
}

/** A value found as text: what is no scalar as JSON. */
export function pathText(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (typeof value === 'object') return goJson(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : formatG(value);
  return String(value);
}
