import { labelled } from './attribute.ts';
import { COST } from './call-cost.ts';
import { display, error } from './errors.ts';
import type { Frame, Node } from './frame.ts';
import { ArrayList, CelError, CelOptional, type CelValue, EntryMap, typeOfValue } from './values.ts';

/** `[a, ?b]`: the elements whose index is in `optionals` are left out where there is no value. */
export function listNode(elements: readonly Node[], optionals: ReadonlySet<number>, id: number): Node {
  const build = (frame: Frame): CelValue => {
    const items: CelValue[] = [];
    for (let i = 0; i < elements.length; i++) {
      const value = elements[i]!(frame);
      if (value instanceof CelError) return value;
      if (!optionals.has(i)) items.push(value);
      else if (!(value instanceof CelOptional)) {
        return error(`cannot initialize optional list element from non-optional value ${display(value)}`);
      } else if (value.value !== undefined) items.push(value.value);
    }
    return new ArrayList(items);
  };
  return (frame) => {
    const list = build(frame);
    frame.spend(COST.createList);
    return labelled(list, id);
  };
}

export interface EntryNode {
  key: Node;
  value: Node;
  optional: boolean;
}

/** `{k: v, ?o: w}` */
export function mapNode(entries: readonly EntryNode[], id: number): Node {
  const build = (frame: Frame): CelValue => {
    const map = new EntryMap();
    for (const entry of entries) {
      const key = entry.key(frame);
      if (key instanceof CelError) return key;
      const value = entry.value(frame);
      if (value instanceof CelError) return value;
      const held = entry.optional ? optionalEntry(display(key), value) : value;
      if (held === undefined) map.remove(key);
      else if (held instanceof CelError) return held;
      else if (!map.put(key, held)) return error(`unsupported key type: ${typeOfValue(key).name}`);
    }
    return map;
  };
  return (frame) => {
    const map = build(frame);
    frame.spend(COST.createMap);
    return labelled(map, id);
  };
}

export interface FieldNode {
  name: string;
  value: Node;
  optional: boolean;
}

/** `Name{field: value, ?other: w}` */
export function structNode(
  fields: readonly FieldNode[],
  construct: (fields: Map<string, CelValue>) => CelValue,
  id: number,
): Node {
  const build = (frame: Frame): CelValue => {
    const values = new Map<string, CelValue>();
    for (const field of fields) {
      const value = field.value(frame);
      if (value instanceof CelError) return value;
      const held = field.optional ? optionalEntry(field.name, value) : value;
      if (held instanceof CelError) return held;
      if (held !== undefined) values.set(field.name, held);
    }
    return construct(values);
  };
  return (frame) => {
    const struct = build(frame);
    frame.spend(COST.createStruct);
    return labelled(struct, id);
  };
}

/** The value of an optional entry; undefined if it has none. */
function optionalEntry(name: string, value: CelValue): CelValue | undefined {
  if (value instanceof CelOptional) return value.value;
  return error(`cannot initialize optional entry '${name}' from non-optional value ${display(value)}`);
}
