import { errorText, type FieldError, forbidden, invalid, notSupported } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { badRequestError, invalidError, unknownError } from '../../meta/status.ts';

/** meta.k8s.io/v1 ListOptions as a list or watch obeys them. */
export interface ListOptions {
  /** 0: no limit. */
  limit: number;
  continue: string;
  /** As sent; `version` is its number, 0 for none. */
  resourceVersion: string;
  version: bigint;
  resourceVersionMatch: string;
  /** 0: the server's own limit. */
  timeoutSeconds: number;
  sendInitialEvents: boolean | undefined;
  allowWatchBookmarks: boolean;
  fieldSelector: string;
  labelSelector: string;
}

/** An int64 of a query as Go reads it; the 400 with its words where it is none. */
export function queryInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw badRequestError(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value >= 2n ** 63n || value < -(2n ** 63n))
    throw badRequestError(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  return Number(value);
}

/** A boolean of a query: everything but `false` and `0` is true. */
export function queryBoolean(text: string): boolean {
  return !['false', '0'].includes(text.toLowerCase());
}

const integer = (query: URLSearchParams, name: string): number => {
  const text = query.get(name);
  return text === null ? 0 : queryInteger(text);
};
const boolean = (query: URLSearchParams, name: string): boolean | undefined => {
  const text = query.get(name);
  return text === null ? undefined : queryBoolean(text);
};

/**
 * Reads and checks the options of a query; throws 400 or 422. A watch by the old paths (`/watch/…`) is checked like a list,
 * as long as the query does not ask for a watch too.
 */
export function listOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    limit: Math.max(integer(query, 'limit'), 0),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    version: 0n,
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: integer(query, 'timeoutSeconds'),
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks') ?? false,
    fieldSelector: query.get('fieldSelector') ?? '',
    labelSelector: query.get('labelSelector') ?? '',
  };
  const asked = watch && (boolean(query, 'watch') ?? false);
  if (asked) setWatchDefaults(options);
  const errors = asked ? watchErrors(options) : listErrors(options);
  if (errors.length) throw invalidError({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  options.version = version(options.resourceVersion, watch);
  return options;
}

/**
 * A watch from no version or from 0 starts with what is there, and says where that ends
 * (apimachinery pkg/apis/meta/internalversion, SetListOptionsDefaults).
 */
function setWatchDefaults(options: ListOptions): void {
  if (options.sendInitialEvents !== undefined || options.resourceVersionMatch !== '') return;
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') return;
  options.sendInitialEvents = true;
  options.resourceVersionMatch = 'NotOlderThan';
}

/** A version that is no number: 400 of a list, 500 of a get or watch. */
export function version(text: string, plain: boolean): bigint {
  if (text === '') return 0n;
  const fits = /^\d+$/.test(text) && BigInt(text) < 2n ** 64n;
  if (fits) return BigInt(text);
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  const words = errorText(
    invalid('resourceVersion', text, `strconv.ParseUint: parsing ${quote(text)}: ${why}`),
  );
  throw plain ? unknownError(words) : badRequestError(`invalid resource version: ${words}`);
}

const MATCH = 'resourceVersionMatch';

/** apimachinery pkg/apis/meta/internalversion/validation, ValidateListOptions. */
function listErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  if (match !== '') {
    if (options.resourceVersion === '')
      errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (options.continue !== '')
      errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && options.resourceVersion === '0') {
      errors.push(forbidden(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (options.sendInitialEvents !== undefined)
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function watchErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbidden(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (options.sendInitialEvents === undefined) {
      errors.push(
        forbidden(MATCH, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      );
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(MATCH, match, ['NotOlderThan']));
    if (options.continue !== '')
      errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
  }
  return errors;
}
