import { describe, expect, it } from 'vitest';
import { withoutPassword } from './url-password.ts';

describe('withoutPassword', () => {
  it.each([
    ['https://joe:secret@example.com/x?y=z', 'https://joe:***@example.com/x?y=z'],
    ['https://joe:sec@ret:again@example.com', 'https://joe:***@example.com'],
    ['https://:secret@example.com', 'https://:***@example.com'],
    ['HTTP://joe:@example.com', 'HTTP://joe:***@example.com'],
    ['https://joe@example.com/a:b@c', 'https://joe@example.com/a:b@c'],
    ['https://example.com:8443/a@b', 'https://example.com:8443/a@b'],
    ['https://example.com/?q=a:b@c', 'https://example.com/?q=a:b@c'],
    ['no url: a@b', 'no url: a@b'],
  ])('%s', (url, shown) => {
    expect(withoutPassword(url)).toBe(shown);
  });
});
