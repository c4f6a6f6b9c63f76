import { COST } from './call-cost.ts';
import { display, error, noSuchOverload } from './errors.ts';
import type { Frame, Node } from './frame.ts';
import {
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelObject,
  CelOptional,
  CelUint,
  type CelValue,
  OPTIONAL_NONE,
  typeOfValue,
} from './values.ts';

/**
 * A chain of selections (`a.b[c].?d`), evaluated as one: what cel-go calls an attribute. Its costs follow cel-go's:
 * one unit for the chain and one for each step of it, but none for the chain where it is itself an index or a
 * branch of a conditional.
 */
export type Attribute = RootAttribute | ConditionalAttribute;

export interface RootAttribute {
  kind: 'root';
  id: number;
  root: Node;
  steps: Step[];
}

export interface ConditionalAttribute {
  kind: 'conditional';
  id: number;
  condition: Node;
  yes: Attribute;
  no: Attribute;
}

/** One selection: by a constant key, or by what another chain or expression gives. */
export interface Step {
  id: number;
  key: CelValue | undefined;
  keyOf: ((frame: Frame) => CelValue) | undefined;
  /** `.?k` or `[?k]`: absence is no error. */
  optional: boolean;
  /** has(): only presence matters. */
  testOnly: boolean;
  /** Presence in what has no fields at all is an error. */
  strict: boolean;
}

/** Adds a step to a chain; of a conditional, to both branches. */
export function addStep(attribute: Attribute, step: Step): void {
  if (attribute.kind === 'root') attribute.steps.push(step);
  else {
    addStep(attribute.yes, step);
    addStep(attribute.no, step);
  }
}

/** Follows a chain to its value. */
export function resolve(attribute: Attribute, frame: Frame): CelValue {
  let chain = attribute;
  while (chain.kind === 'conditional') {
    const chosen = chain.condition(frame);
    if (chosen === true) chain = chain.yes;
    else if (chosen === false) chain = chain.no;
    else return noSuchOverload(chosen);
  }
  const { steps } = chain;
  let value = chain.root(frame);
  if (steps.length === 0 || value instanceof CelError) return value;
  let optional = false;
  if (value instanceof CelOptional) {
    if (value.value === undefined) return value;
    optional = true;
    value = value.value;
  }
  for (const step of steps) {
    optional ||= step.optional;
    const key = step.keyOf ? step.keyOf(frame) : step.key!;
    if (key instanceof CelError) {
      if (!optional) frame.spend(COST.select);
      return key;
    }
    if (step.testOnly) {
      const present = step.strict && !hasFields(value) ? missing(value, key) : has(value, key);
      frame.spend(COST.select);
      frame.values?.set(step.id, present);
      if (present instanceof CelError) return present;
      if (!optional) return present;
      return present ? new CelOptional(true) : OPTIONAL_NONE;
    }
    const found = find(value, key, optional);
    if (found === undefined) {
      if (optional && !(step.strict && !hasFields(value))) return OPTIONAL_NONE;
      frame.spend(COST.select);
      return labelled(missing(value, key), step.id);
    }
    if (!(optional && found instanceof CelError)) frame.spend(COST.select);
    if (found instanceof CelError) return labelled(found, step.id);
    frame.values?.set(step.id, found);
    value = found;
  }
  return optional ? new CelOptional(value) : value;
}

/** Notes where an error arose, if nobody has yet. */
export function labelled(value: CelValue, id: number): CelValue {
  if (value instanceof CelError && value.id === 0) value.id = id;
  return value;
}

/** What is at a key; undefined if nothing is, an error value where the key is of no use. */
function find(value: CelValue, key: CelValue, optional: boolean): CelValue | undefined {
  if (value instanceof CelMap) return value.get(key);
  if (value instanceof CelList) {
    const index = listIndex(key);
    if (index instanceof CelError) return index;
    return index >= 0 && index < value.length ? value.at(index) : undefined;
  }
  if (value instanceof CelObject) {
    if (typeof key !== 'string') return noSuchOverload(key);
    const present = value.hasField(key);
    if (present instanceof CelError) return present;
    // An unset field has a default value, but for optional selection it is absent.
    return optional && present === false ? undefined : value.field(key);
  }
  return undefined;
}

function hasFields(value: CelValue): boolean {
  return (
    value instanceof CelMap ||
    value instanceof CelList ||
    value instanceof CelObject ||
    value instanceof CelOptional
  );
}

function has(value: CelValue, key: CelValue): boolean | CelError {
  if (value instanceof CelObject && typeof key === 'string') return value.hasField(key) ?? false;
  const found = find(value, key, true);
  return found instanceof CelError ? found : found !== undefined;
}

function missing(value: CelValue, key: CelValue): CelError {
  if (value instanceof CelList) return error(`index out of bounds: ${display(key)}`);
  return error(`no such key: ${display(key)}`);
}

/** A list's index: ints, and other numbers that are whole. */
function listIndex(key: CelValue): number | CelError {
  if (key instanceof CelInt) return key.n;
  if (key instanceof CelUint || typeof key === 'number') {
    const n = typeof key === 'number' ? key : key.n;
    return Number.isSafeInteger(n) ? n : error(`unsupported index value ${display(key)} in list`);
  }
  return error(`unsupported index type '${typeOfValue(key).name}' in list`);
}
