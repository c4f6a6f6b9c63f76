const reasons = new WeakMap<Uint8Array, Error>();

/** Marks a stored value that could not be decrypted. It stays among the others, so that one bad value spoils itself alone. */
export function markUnreadable(value: Uint8Array, reason: Error): void {
  reasons.set(value, reason);
}

/** Why a value read from the store cannot be used; undefined where it can. */
export function unreadable(value: Uint8Array): Error | undefined {
  return reasons.get(value);
}
