import { internalError, StatusError, unknownError } from '../meta/status.ts';
import { UndecodableObjectError } from '../storage/cached-object.ts';
import { EncryptionError } from '../storage/encryption/transformer.ts';
import { StoreRefusedError, StoreUnavailableError } from '../storage/store.ts';

/** The answer to a failure that is no fault of this program; undefined where it is one. */
export function knownFailure(error: unknown): StatusError | undefined {
  if (error instanceof StatusError) return error;
  // Nothing was written: clients may ask again. A write that may have been stored is a 504 (registry/resource-store.ts).
  if (error instanceof StoreUnavailableError)
    return new StatusError({
      code: 503,
      reason: 'ServiceUnavailable',
      details: { retryAfterSeconds: 1 },
      message: 'the server is currently unable to handle the request: its store cannot be reached',
    });
  if (error instanceof StoreRefusedError) return unknownError(error.message);
  if (error instanceof UndecodableObjectError || error instanceof EncryptionError)
    return internalError(error.message);
  return undefined;
}
