import { expect, it } from 'vitest';
import { makeAuditId } from './audit-id.ts';

it('makes version 4 UUIDs, each once', () => {
  const made = Array.from({ length: 10_000 }, makeAuditId);
  expect(new Set(made).size).toBe(made.length);
  for (const id of made)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  // Each digit that is free takes every value.
  for (const place of [0, 7, 9, 15, 24, 35])
    expect([...new Set(made.map((id) => id[place]))].sort().join('')).toBe('0123456789abcdef');
});
