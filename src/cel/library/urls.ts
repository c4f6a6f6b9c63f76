import { member, overload } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import { StringList } from '../json.ts';
import type { Library } from '../library.ts';
import { BOOL, listType, mapType, objectType, STRING } from '../types.ts';
import { type CelError, CelObject, type CelValue, EntryMap } from '../values.ts';
import { escapedPath, type GoUrl, hostname, parseUrl, port, queryValues, urlText } from './go-url.ts';

export const URL_TYPE = objectType('kubernetes.URL');

/** A parsed URL. */
export class CelUrl extends CelObject {
  readonly type = URL_TYPE;
  readonly url: GoUrl;
  constructor(url: GoUrl) {
    super();
    this.url = url;
  }
  equalTo(other: CelValue): boolean | CelError {
    return other instanceof CelUrl ? urlText(other.url) === urlText(this.url) : noSuchOverload(other);
  }
  override toString(): string {
    return urlText(this.url);
  }
}

function toUrl(text: string): CelValue {
  const asRequest = parseUrl(text, true);
  const parsed = 'problem' in asRequest ? asRequest : parseUrl(text, false);
  if ('problem' in parsed) return error(`URL parse error during conversion from string: ${parsed.problem}`);
  return new CelUrl(parsed.url);
}

const part = (name: string, id: string, read: (url: GoUrl) => string) => ({
  name,
  overloads: [member(id, [URL_TYPE], STRING, (url) => read((url as CelUrl).url))],
});

/** URLs, read as Go reads them (apiserver pkg/cel/library/urls.go). */
export const URLS: Library = {
  name: 'kubernetes.urls',
  functions: [
    {
      name: 'url',
      overloads: [overload('string_to_url', [STRING], URL_TYPE, (text) => toUrl(text as string))],
    },
    part('getScheme', 'url_get_scheme', (url) => url.scheme),
    part('getHost', 'url_get_host', (url) => url.host),
    part('getHostname', 'url_get_hostname', hostname),
    part('getPort', 'url_get_port', port),
    part('getEscapedPath', 'url_get_escaped_path', escapedPath),
    {
      name: 'getQuery',
      overloads: [
        member('url_get_query', [URL_TYPE], mapType(STRING, listType(STRING)), (url) => {
          const map = new EntryMap();
          for (const [key, values] of queryValues((url as CelUrl).url)) map.put(key, new StringList(values));
          return map;
        }),
      ],
    },
    {
      name: 'isURL',
      overloads: [
        overload('is_url_string', [STRING], BOOL, (text) => !('problem' in parseUrl(text as string, true))),
      ],
    },
  ],
};
