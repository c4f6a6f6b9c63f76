import { aggregateText, errorBody, errorText, type FieldError } from './field-error.ts';
import { quote } from './go-quote.ts';
import { type GroupResource, qualified } from './object.ts';

/** meta.k8s.io/v1 Status, the body of every answer that is a failure (apimachinery pkg/api/errors/errors.go). */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, unknown>;
  status: 'Failure' | 'Success';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'
  | '';

/** An answer that is a failure, on its way from where it was found out to where it is written. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Omit<Status, 'kind' | 'apiVersion' | 'metadata' | 'status'>) {
    super(status.message ?? '');
    const { reason, details, code, message } = status;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      ...(message ? { message } : {}),
      ...(reason ? { reason } : {}),
      ...(details ? { details } : {}),
      code,
    };
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): StatusReason {
    return this.status.reason ?? '';
  }
}

export const isStatus = (error: unknown, reason?: StatusReason): error is StatusError =>
  error instanceof StatusError && (reason === undefined || error.reason === reason);

/** Kind, group and name as details carry them: empty parts are left out. */
export function details(kind: string, group: string, name: string): StatusDetails {
  const details: StatusDetails = {};
  if (name) details.name = name;
  if (group) details.group = group;
  if (kind) details.kind = kind;
  return details;
}

const of = (gr: GroupResource, name: string): StatusDetails => details(gr.resource, gr.group, name);

export function notFoundError(gr: GroupResource, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    details: of(gr, name),
    message: `${qualified(gr)} ${quote(name)} not found`,
  });
}

export function alreadyExistsError(gr: GroupResource, name: string, prefix = ''): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    details: of(gr, name),
    message: `${prefix}${qualified(gr)} ${quote(name)} already exists`,
  });
}

export function conflictError(gr: GroupResource, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    details: of(gr, name),
    message: `Operation cannot be fulfilled on ${qualified(gr)} ${quote(name)}: ${why}`,
  });
}

export function forbiddenError(gr: GroupResource, name: string, why: string): StatusError {
  const head =
    gr.resource === ''
      ? 'forbidden'
      : name === ''
        ? `${qualified(gr)} is forbidden`
        : `${qualified(gr)} ${quote(name)} is forbidden`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    details: of(gr, name),
    message: `${head}: ${why}`,
  });
}

export function badRequestError(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

/** 500 as kube-apiserver's NewInternalError words it. */
export function internalError(why: string): StatusError {
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    details: { causes: [{ message: why }] },
    message: `Internal error occurred: ${why}`,
  });
}

/** A plain Go error that reached the client: 500 with the message alone, no reason (responsewriters.ErrorToAPIStatus). */
export function unknownError(message: string): StatusError {
  return new StatusError({ code: 500, message });
}

export function invalidError(
  gk: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes = errors.map((e): StatusCause => ({ reason: e.type, message: errorBody(e), field: e.field }));
  const head = `${gk.group === '' ? gk.kind : `${gk.kind}.${gk.group}`} ${quote(name)} is invalid`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    details: { ...details(gk.kind, gk.group, name), ...(causes.length ? { causes } : {}) },
    message: errors.length ? `${head}: ${aggregateText(errors.map(errorText))}` : head,
  });
}

export function methodNotAllowedError(): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    details: {},
    message: 'the server does not allow this method on the requested resource',
  });
}

/** A verb that a custom resource does not have. */
export function verbNotSupportedError(gr: GroupResource, verb: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    details: of(gr, ''),
    message: `${verb} is not supported on resources of kind ${quote(qualified(gr))}`,
  });
}

/** What discovery-shaped misses answer: known group, unknown resource or version. */
export function resourceNotFoundError(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    details: {},
    message: 'the server could not find the requested resource',
  });
}

export function expiredError(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message });
}

export function timeoutError(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    details: retryAfterSeconds ? { retryAfterSeconds } : {},
    message: `Timeout: ${message}`,
  });
}

export function tooManyRequestsError(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds }, message });
}

export function unauthorizedError(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}
