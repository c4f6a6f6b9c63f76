/**
 * CEL's types: what the checker reasons with and what `type(x)` answers at run time.
 * A type is plain data; two types are the same when kind, name and parameters are.
 */

export type TypeKind =
  | 'any'
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'opaque'
  | 'string'
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'typeParam'
  | 'uint';

const NO_PARAMETERS: readonly CelType[] = [];

/** A CEL type, and the value that `type(x)` gives. */
export class CelType {
  readonly kind: TypeKind;
  /** The name at run time: `int`, `google.protobuf.Timestamp`, a struct's own name, a parameter's letter. */
  readonly name: string;
  readonly parameters: readonly CelType[];
  /** Set for wrapper types: null is assignable to them. */
  readonly nullable: boolean;

  constructor(
    kind: TypeKind,
    name: string,
    parameters: readonly CelType[] = NO_PARAMETERS,
    nullable = false,
  ) {
    this.kind = kind;
    this.name = name;
    this.parameters = parameters;
    this.nullable = nullable;
  }

  /** As types print in messages: `map(string, list(int))`, `wrapper(int)`. */
  toString(): string {
    return formatType(this);
  }
}

export const ANY = new CelType('any', 'google.protobuf.Any');
export const BOOL = new CelType('bool', 'bool');
export const BYTES = new CelType('bytes', 'bytes');
export const DOUBLE = new CelType('double', 'double');
export const DURATION = new CelType('duration', 'google.protobuf.Duration');
export const DYN = new CelType('dyn', 'dyn');
export const ERROR = new CelType('error', 'error');
export const INT = new CelType('int', 'int');
export const NULL = new CelType('null', 'null_type');
export const STRING = new CelType('string', 'string');
export const TIMESTAMP = new CelType('timestamp', 'google.protobuf.Timestamp');
export const TYPE = new CelType('type', 'type');
export const UINT = new CelType('uint', 'uint');

export const listType = (element: CelType): CelType => new CelType('list', 'list', [element]);
export const mapType = (key: CelType, value: CelType): CelType => new CelType('map', 'map', [key, value]);
export const opaqueType = (name: string, ...parameters: CelType[]): CelType =>
  new CelType('opaque', name, parameters);
export const optionalType = (value: CelType): CelType => new CelType('opaque', 'optional_type', [value]);
export const objectType = (name: string): CelType => new CelType('struct', name);
export const typeParam = (name: string): CelType => new CelType('typeParam', name);
export const typeOf = (parameter: CelType): CelType => new CelType('type', 'type', [parameter]);
/** A primitive that may be null as well (google.protobuf.Int64Value and its like). */
export const wrapperType = (wrapped: CelType): CelType =>
  new CelType(wrapped.kind, wrapped.name, wrapped.parameters, true);

export const LIST = listType(DYN);
export const MAP = mapType(DYN, DYN);
export const OPTIONAL = new CelType('opaque', 'optional_type');

/** Equal in kind, name and parameters; wrappers equal what they wrap, as in cel-go. */
export function isExactType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  for (let i = 0; i < a.parameters.length; i++) {
    if (!isExactType(a.parameters[i]!, b.parameters[i]!)) return false;
  }
  return true;
}

/** As isExactType, but the names of type parameters do not matter. */
export function isEquivalentType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.parameters.length !== b.parameters.length) return false;
  if (a.kind !== 'typeParam' && a.name !== b.name) return false;
  return a.parameters.every((p, i) => isEquivalentType(p, b.parameters[i]!));
}

export function isDyn(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'any';
}

export function isOptionalType(type: CelType): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** Whether a value of type `from` fits where `to` is asked for, without type parameters being bound. */
export function isAssignableType(to: CelType, from: CelType): boolean {
  if (to.nullable && from.kind === 'null') return true;
  if (to === from || to.kind === 'dyn' || to.kind === 'any' || to.kind === 'typeParam') return true;
  if (to.kind !== from.kind || to.name !== from.name || to.parameters.length !== from.parameters.length) {
    return false;
  }
  return to.parameters.every((p, i) => isAssignableType(p, from.parameters[i]!));
}

/** A type in the words of checker messages. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'any':
      return 'any';
    case 'duration':
      return 'duration';
    case 'timestamp':
      return 'timestamp';
    case 'error':
      return '!error!';
    case 'null':
      return 'null';
    case 'typeParam':
      return type.name;
    default:
      if (type.parameters.length > 0) return `${type.name}(${type.parameters.map(formatType).join(', ')})`;
      return type.nullable ? `wrapper(${type.name})` : type.name;
  }
}
