import { labelled } from './attribute.ts';
import { error } from './errors.ts';
import type { Frame, Node } from './frame.ts';
import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  type CelValue,
  GrowingList,
  GrowingMap,
  int,
  typeOfValue,
} from './values.ts';

/** A fold with its parts compiled. The numbers are places in the frame's slots. */
export interface Fold {
  id: number;
  range: Node;
  /** Goes on until it gives false. */
  condition: Node;
  step: Node;
  result: Node;
  accumulator: number;
  one: number;
  /** Undefined where there is one loop variable. */
  two: number | undefined;
}

/**
 * Reads an accumulator; the first time it is given its first value. One that nothing else can name may grow in
 * place.
 */
export function accumulatorNode(slot: number, init: Node, growing: boolean): Node {
  return (frame) => {
    const known = frame.slots[slot];
    if (known !== undefined) return known;
    let value = init(frame);
    if (growing && value instanceof CelList && value.length === 0) value = new GrowingList();
    else if (growing && value instanceof CelMap && value.size === 0) value = new GrowingMap();
    frame.slots[slot] = value;
    return value;
  };
}

/** Lists give elements, or indices and elements; maps give keys, or keys and values. */
export function foldNode(fold: Fold): Node {
  const { id, range, condition, step, result, accumulator, one, two } = fold;
  const turn = (frame: Frame, first: CelValue, second: CelValue): boolean => {
    frame.slots[one] = first;
    if (two !== undefined) frame.slots[two] = second;
    if (condition(frame) === false) return false;
    frame.slots[accumulator] = step(frame);
    return true;
  };
  const pairs = two !== undefined;
  return (frame) => {
    const over = range(frame);
    if (over instanceof CelError) return over;
    frame.slots[accumulator] = undefined;
    if (over instanceof CelList) {
      for (let i = 0; i < over.length; i++) {
        if (pairs ? !turn(frame, int(i), over.at(i)) : !turn(frame, over.at(i), null)) break;
      }
    } else if (over instanceof CelMap) {
      for (const key of over.keys()) {
        if (!turn(frame, key, pairs ? over.get(key)! : null)) break;
      }
    } else {
      const type = goType(over);
      const words = pairs
        ? `unsupported comprehension range type: ${type}`
        : `got '${type}', expected iterable type`;
      return labelled(error(words), id);
    }
    const value = result(frame);
    return value instanceof GrowingList ? new ArrayList(value.items) : value;
  };
}

const GO_TYPES: Readonly<Record<string, string>> = {
  string: 'String',
  int: 'Int',
  uint: 'Uint',
  double: 'Double',
  bool: 'Bool',
  bytes: 'Bytes',
  null_type: 'Null',
  'google.protobuf.Duration': 'Duration',
  'google.protobuf.Timestamp': 'Timestamp',
};

/** A value's type in the words that Go has for it, for messages. */
function goType(value: CelValue): string {
  if (value instanceof CelOptional) return '*types.Optional';
  const { name } = typeOfValue(value);
  return Object.hasOwn(GO_TYPES, name) ? `types.${GO_TYPES[name]}` : `*types.${name}`;
}
