import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RequestInfo, requestInfo } from './request-info.ts';
import { RequestPlaces } from './request-places.ts';

const NONE = new URLSearchParams();
const withoutPlace = ({ place: _, ...rest }: RequestInfo) => rest;

describe('requests at places seen before', () => {
  it('ask for what they would ask for anywhere', () => {
    const root = fc.constantFrom(
      '/api/v1/',
      '/apis/apps/v1/',
      '/api/v1/namespaces/a/',
      '/api/v1//',
      '//api/v1/',
      '/',
    );
    const resource = fc.constantFrom('pods', 'pods', 'namespaces', 'watch', 'status', '');
    const name = fc.constantFrom(
      '',
      '/',
      '/x',
      '/status',
      '/%78',
      '/x%2Fy',
      '/%zz',
      '//x',
      '/x/status',
      '/pods/x',
    );
    const path = fc.tuple(root, resource, name).map((parts) => parts.join(''));
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS');
    const query = fc.constantFrom('', 'watch=1', 'fieldSelector=metadata.name%3Da&labelSelector=b');
    fc.assert(
      fc.property(fc.array(fc.tuple(method, path, query), { minLength: 5, maxLength: 60 }), (asked) => {
        const places = new RequestPlaces();
        for (const [verb, target, text] of asked) {
          const parameters = new URLSearchParams(text);
          const { place: _, ...expected } = requestInfo(verb, target, parameters);
          expect(withoutPlace(places.info(verb, target, parameters))).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('have the place in common, and no two places are one', () => {
    const places = new RequestPlaces();
    const placeOf = (method: string, path: string) => places.info(method, path, NONE).place;
    const first = placeOf('GET', '/api/v1/namespaces/a/pods/x');
    expect(first).toBeDefined();
    expect(placeOf('GET', '/api/v1/namespaces/a/pods/y')).toBe(first);
    for (const [method, path] of [
      ['DELETE', '/api/v1/namespaces/a/pods/x'],
      ['GET', '/api/v1/namespaces/b/pods/x'],
      ['GET', '/api/v1/namespaces/a/secrets/x'],
      ['POST', '/api/v1/namespaces/a/pods'],
    ] as const)
      expect(placeOf(method, path)).not.toBe(first);
    expect(placeOf('POST', '/api/v1/namespaces/a/pods')).toBe(placeOf('POST', '/api/v1/namespaces/a/pods'));
  });

  it('have none where the path is written in another way, or means more than a name', () => {
    const places = new RequestPlaces();
    for (const path of [
      '/api/v1/namespaces/a/pods/%78',
      '/api/v1/namespaces/%zz/pods/x',
      '/api/v1//x',
      '/api/v1/namespaces//pods/x',
      '/api/v1/namespaces/a/pods/x/',
      '/api/v1/namespaces/a',
      '/api/v1/namespaces/a/pods/x/status',
      '/api/v1/watch/pods/x',
      '/api/v1/proxy/nodes/x',
      '/version',
    ]) {
      places.info('GET', path, NONE);
      expect(places.info('GET', path, NONE).place, path).toBeUndefined();
    }
  });

  it('do not fill the memory', () => {
    const places = new RequestPlaces();
    const before = places.info('GET', '/api/v1/namespaces/first/pods/x', NONE).place;
    for (let i = 0; i < 5000; i++) places.info('GET', `/api/v1/namespaces/n${i}/pods/x`, NONE);
    expect(places.info('GET', '/api/v1/namespaces/first/pods/x', NONE).place).not.toBe(before);
    const long = `/api/v1/namespaces/${'a'.repeat(1000)}/pods/x`;
    places.info('GET', long, NONE);
    expect(places.info('GET', long, NONE).place).toBeUndefined();
  });
});
