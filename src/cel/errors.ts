import { quote } from '../meta/go-quote.ts';
import { formatG } from './go-float.ts';
import { formatDuration, formatTimestamp } from './time.ts';
import { CelType } from './types.ts';
import {
  CelDuration,
  CelError,
  CelInt,
  CelList,
  CelMap,
  CelObject,
  CelOptional,
  CelTimestamp,
  CelUint,
  type CelValue,
  typeOfValue,
} from './values.ts';

/** An error value. */
export function error(message: string): CelError {
  return new CelError(message);
}

/** No overload of an operation takes what it was given; an error among the operands is passed on instead. */
export function noSuchOverload(operand?: CelValue): CelError {
  return operand instanceof CelError ? operand : new CelError('no such overload');
}

/** The same with the function and the types it was called with. */
export function noOverloadFor(fn: string, args: readonly CelValue[]): CelError {
  for (const arg of args) if (arg instanceof CelError) return arg;
  return new CelError(`no such overload: ${fn}(${args.map((arg) => typeOfValue(arg).name).join(', ')})`);
}

export function conversionError(from: CelType, to: CelType): CelError {
  return new CelError(`type conversion error from '${from.name}' to '${to.name}'`);
}

/** A value as Go's %v prints it in messages. */
export function display(value: CelValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatG(value);
  if (typeof value === 'boolean') return String(value);
  if (value === null) return '0';
  if (value instanceof CelInt || value instanceof CelUint) return value.toString();
  if (value instanceof Uint8Array) return `[${[...value].join(' ')}]`;
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelOptional) {
    return value.value === undefined ? 'optional.none()' : `optional(${display(value.value)})`;
  }
  if (value instanceof CelList) {
    const shown: string[] = [];
    for (let i = 0; i < value.length && i < 100; i++) shown.push(display(value.at(i)));
    return `[${shown.join(', ')}]`;
  }
  if (value instanceof CelMap) {
    const shown: string[] = [];
    for (const key of value.keys()) shown.push(`${display(key)}: ${display(value.get(key)!)}`);
    return `{${shown.join(', ')}}`;
  }
  if (value instanceof CelType) return value.name;
  if (value instanceof CelError) return value.message;
  if (value instanceof CelObject) return value.toString();
  return quote(String(value));
}
