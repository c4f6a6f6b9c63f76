import { escapeHtml } from './go-json.ts';
import { quote } from './go-quote.ts';

/** apimachinery pkg/util/validation/field/errors.go: one fault of one field, in the words that clients compare. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

export interface FieldError {
  type: FieldErrorType;
  /** `spec.containers[0].name`; empty for the object as a whole. */
  field: string;
  /** Absent for the types that show no value. */
  value?: unknown;
  detail: string;
}

/** The value of a fault whose message shows none (field.OmitValueType). */
export const OMITTED = Symbol('omitted');

/** A value of a fault that is shown as this text. */
export class ShownAs {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const WORDS: Record<FieldErrorType, string> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
};

export const required = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  detail,
});
export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  value,
  detail,
});
export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueTypeInvalid',
  field,
  value,
  detail,
});
export const duplicate = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  value,
  detail: '',
});
export const notFound = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  value,
  detail: '',
});
export const forbidden = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  detail,
});
export const internal = (field: string, detail: string): FieldError => ({
  type: 'InternalError',
  field,
  detail,
});
export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  value: actual,
  detail: max >= 0 ? `must have at most ${max} ${max === 1 ? 'item' : 'items'}` : 'has too many items',
});
export const tooLong = (field: string, maxBytes: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  detail:
    maxBytes >= 0
      ? `may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`
      : 'value is too long',
});
/** The supported values are quoted and keep the order they are given in; kube-apiserver sorts most of them first. */
export const notSupported = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  value,
  detail: supported.length ? `supported values: ${supported.map(quote).join(', ')}` : '',
});

export const child = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
export const index = (path: string, i: number): string => `${path}[${i}]`;
export const key = (path: string, name: string): string => `${path}[${name}]`;

/** The fault without its field, as it stands in a cause's message (field.Error.ErrorBody). */
export function errorBody(e: FieldError): string {
  const words = WORDS[e.type];
  let text: string;
  switch (e.type) {
    case 'FieldValueRequired':
    case 'FieldValueForbidden':
    case 'FieldValueTooLong':
    case 'InternalError':
      text = words;
      break;
    default:
      text = e.value === OMITTED ? words : `${words}: ${shown(e.value)}`;
  }
  return e.detail === '' ? text : `${text}: ${e.detail}`;
}

/** The fault with its field: `spec.replicas: Invalid value: -1: must be …` (field.Error.Error). */
export function errorText(e: FieldError): string {
  return `${e.field}: ${errorBody(e)}`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (value instanceof ShownAs) return value.text;
  return escapeHtml(JSON.stringify(value));
}

/** Several faults as Go's aggregate prints them: one bare, more in brackets, repeats once (utilerrors.Aggregate). */
export function aggregateText(texts: readonly string[]): string {
  const once = [...new Set(texts)];
  return once.length === 1 ? once[0]! : `[${once.join(', ')}]`;
}
