import { describe, expect, it } from 'vitest';
import { pathBehind } from './path-behind.ts';

describe('pathBehind', () => {
  it.each([
    ['/registry/pods/default/one-of-a-long-name', 'default/one-of-a-long-name'],
    ['/registry/pods/a', 'a'],
    ['/registry/pods/', ''],
    ['/registry/pods/\ud83d\ude00/ä', '\ud83d\ude00/ä'],
    ['/registry/pods/\ud800', '\ud800'],
  ])('of %s', (key, path) => {
    expect(pathBehind('/registry/pods/'.length, key)).toBe(path);
  });
});
