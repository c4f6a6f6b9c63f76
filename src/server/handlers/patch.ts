import { methodNotAllowedError } from '../../meta/status.ts';
import type { UpdateParts } from './update.ts';

/** PATCH of a resource or one of its subresources. */
export async function patch(_parts: UpdateParts): Promise<void> {
  throw methodNotAllowedError();
}
