/** RFC 7541 appendix A: names and values, the first at index 1. */
// biome-ignore format: a field in a row
const FIELDS: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** How many entries the static table has: the dynamic one begins behind them. */
export const STATIC_ENTRIES = FIELDS.length;

/** By index; there is none at 0. */
export const STATIC_NAMES: readonly string[] = ['', ...FIELDS.map(([name]) => name)];
export const STATIC_VALUES: readonly string[] = ['', ...FIELDS.map(([, value]) => value)];
/** In bytes, by RFC 7541 section 4.1. */
export const STATIC_SIZES: readonly number[] = [
  0,
  ...FIELDS.map(([name, value]) => name.length + value.length + 32),
];

/** The first index that has the name. */
export const STATIC_NAME_INDEX: ReadonlyMap<string, number> = new Map(
  FIELDS.map(([name], i) => [name, i + 1] as const).reverse(),
);
