import { describe, expect, it } from 'vitest';
import { isGoodTrailer, RequestHeads } from './request-head.ts';

const GET = [':method', 'GET', ':scheme', 'https', ':path', '/api?watch=1', ':authority', 'host:6443'];
const read = (...fields: string[]) => new RequestHeads().read(fields);

describe('RequestHeads', () => {
  it('reads method, path, authority and the length of the body', () => {
    expect(read(...GET, 'accept', '*/*', 'content-length', '12')).toEqual({
      method: 'GET',
      path: '/api?watch=1',
      authority: 'host:6443',
      contentLength: 12,
    });
  });

  it('takes the Host field where there is no :authority', () => {
    expect(read(...GET.slice(0, 6), 'host', 'other')).toMatchObject({
      authority: 'other',
      contentLength: -1,
    });
  });

  it.each([
    ['no :method', GET.slice(2)],
    ['no :path', [...GET.slice(0, 4), ...GET.slice(6)]],
    ['an empty :path', [':method', 'GET', ':scheme', 'https', ':path', '']],
    ['a :path that is no path', [':method', 'GET', ':scheme', 'https', ':path', 'x']],
    ['no :scheme', [':method', 'GET', ':path', '/']],
    ['a pseudo-field twice', [...GET, ':path', '/']],
    ['a pseudo-field of answers', [...GET, ':status', '200']],
    ['an unknown pseudo-field', [...GET, ':protocol', 'websocket']],
    ['a pseudo-field behind others', ['accept', '*/*', ...GET]],
    ['upper case', [...GET, 'Accept', '*/*']],
    ['a name with a blank', [...GET, 'a b', 'c']],
    ['no name', [...GET, '', 'c']],
    ['Connection', [...GET, 'connection', 'close']],
    ['Transfer-Encoding', [...GET, 'transfer-encoding', 'chunked']],
    ['TE other than trailers', [...GET, 'te', 'gzip']],
    ["a line's end in a value", [...GET, 'x', 'a\r\nb: c']],
    ['a NUL in a value', [...GET, 'x', 'a\0']],
    ['a NUL in a long value', [...GET, 'x', `${'a'.repeat(100)}\0`]],
    ['a blank before a value', [...GET, 'x', ' a']],
    ['lengths that contradict each other', [...GET, 'content-length', '1', 'content-length', '2']],
    ['a length that is no number', [...GET, 'content-length', '1,1']],
    ['CONNECT with a path', [':method', 'CONNECT', ':path', '/', ':authority', 'a']],
  ])('finds %s malformed', (_what, fields) => {
    expect(read(...fields)).toBeUndefined();
  });

  it('lets TE: trailers and CONNECT with a host alone pass', () => {
    expect(read(...GET, 'te', 'trailers')).toBeDefined();
    expect(read(':method', 'CONNECT', ':authority', 'a:1')).toMatchObject({ path: undefined });
  });

  it('looks at a long value anew where it is another', () => {
    const heads = new RequestHeads();
    for (let i = 0; i < 40; i++) expect(heads.read([...GET, 'x', `${'a'.repeat(100)}${i}`])).toBeDefined();
    expect(heads.read([...GET, 'x', `${'a'.repeat(100)}\n`])).toBeUndefined();
  });
});

it('allows no pseudo-fields behind a body', () => {
  expect(isGoodTrailer(['x', 'y'])).toBe(true);
  expect(isGoodTrailer([':path', '/'])).toBe(false);
});
