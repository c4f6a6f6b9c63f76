import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { RequestBody } from './request-body.ts';

function body(): { body: RequestBody; used: () => number } {
  let bytes = 0;
  return { body: new RequestBody((n) => (bytes += n)), used: () => bytes };
}

it('holds what comes until somebody wants it, and then says that it is used', async () => {
  const { body: held, used } = body();
  held.push(Buffer.from('ab'));
  expect(used()).toBe(0);
  const whole = held.collect(10);
  expect(used()).toBe(2);
  held.push(Buffer.from('c'));
  held.end();
  expect((await whole)!.toString()).toBe('abc');
  expect(used()).toBe(3);
});

it('is read after it has come', async () => {
  const { body: held } = body();
  held.push(Buffer.from('abc'));
  held.end();
  expect((await held.collect(3))!.toString()).toBe('abc');
});

it('answers at once where it is too long, and lets the rest pass by', async () => {
  const { body: held, used } = body();
  const whole = held.collect(3);
  held.push(Buffer.from('abcd'));
  expect(await whole).toBeUndefined();
  held.push(Buffer.from('efg'));
  held.end();
  expect(used()).toBe(7);
});

it('rejects where the request breaks off, before and after somebody asks', async () => {
  const { body: held, used } = body();
  held.push(Buffer.from('abc'));
  const whole = held.collect(10);
  held.fail(new Error('gone'));
  await expect(whole).rejects.toThrow('gone');
  await expect(held.collect(10)).rejects.toThrow('gone');
  expect(used()).toBe(3);
});

it('is read piece by piece, and held back where nobody reads', async () => {
  const { body: held, used } = body();
  held.push(Buffer.from('a'.repeat(10)));
  const readable = held.readable();
  held.push(Buffer.alloc(100_000, 'b'));
  held.push(Buffer.alloc(100_000, 'c'));
  expect(used()).toBeLessThan(200_010);
  held.end();
  expect((await text(readable)).length).toBe(200_010);
  expect(used()).toBe(200_010);
});

it('counts what nobody wants as used', () => {
  const { body: held, used } = body();
  held.push(Buffer.from('abc'));
  held.drop();
  held.push(Buffer.from('de'));
  expect(used()).toBe(5);
});
