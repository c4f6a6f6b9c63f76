/** A deep copy of a value that JSON can hold; several times faster than structuredClone for such values. */
export function cloneJson<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const out = new Array(value.length);
    for (let i = 0; i < value.length; i++) out[i] = cloneJson(value[i]);
    return out as T;
  }
  const out: Record<string, unknown> = {};
  for (const key in value) {
    if (key === '__proto__')
      Object.defineProperty(out, key, {
        value: cloneJson(value[key]),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else out[key] = cloneJson((value as Record<string, unknown>)[key]);
  }
  return out as T;
}
