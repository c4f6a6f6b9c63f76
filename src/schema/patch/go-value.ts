/** JSON values as Go's fmt prints what encoding/json makes of them: in messages of refused patches. */

/**
 * `%v`: `map[a:1 b:[x y]]`, maps sorted by key, strings bare, null as `<nil>`.
 *
 * @param floats numbers are all float64, as YAML bodies are decoded; else whole ones are int64
 */
export function goValue(value: unknown, floats = false): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !floats ? String(value) : goFloat(value);
  if (Array.isArray(value)) return `[${value.map((item) => goValue(item, floats)).join(' ')}]`;
  if (typeof value === 'object') {
    const map = value as Record<string, unknown>;
    const parts = Object.keys(map)
      .sort()
      .map((key) => `${key}:${goValue(map[key], floats)}`);
    return `map[${parts.join(' ')}]`;
  }
  return String(value);
}

/** `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6 on (strconv's 'g'). */
export function goFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits, power] = value.toExponential().split('e') as [string, string];
  const exp = Number(power);
  if (exp < -4 || exp >= 6) {
    const size = Math.abs(exp);
    return `${digits}e${exp < 0 ? '-' : '+'}${size < 10 ? `0${size}` : size}`;
  }
  return String(value);
}

/** reflect.Type as `%s` prints it: the type that a JSON value has in Go. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

/** `%s` of an interface: strings bare, other scalars as a misuse of the verb. */
export function goString(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (typeof value === 'boolean' || typeof value === 'number')
    return `%!s(${goType(value)}=${goValue(value)})`;
  if (Array.isArray(value)) return `[${value.map(goString).join(' ')}]`;
  if (typeof value === 'object') {
    const map = value as Record<string, unknown>;
    const parts = Object.keys(map)
      .sort()
      .map((key) => `${key}:${goString(map[key])}`);
    return `map[${parts.join(' ')}]`;
  }
  return value as string;
}
