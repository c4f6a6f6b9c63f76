import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A socket that keeps what it is given, and takes it when told. */
function socket(): { out: Writable; got: () => Buffer; writes: Buffer[]; take(): void } {
  const writes: Buffer[] = [];
  let taken: (() => void)[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(Buffer.from(chunk));
      taken.push(done);
    },
    writev(chunks, done) {
      writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)));
      taken.push(done);
    },
  });
  const take = (): void => {
    const all = taken;
    taken = [];
    for (const done of all) done();
  };
  return { out, writes, got: () => Buffer.concat(writes), take };
}

function put(outbox: Outbox, text: string): void {
  const into = outbox.room(text.length);
  outbox.wrote(outbox.at + into.write(text, outbox.at, 'latin1'));
}

it('gives the socket what was made in a turn in one piece', async () => {
  const { out, writes, take } = socket();
  const outbox = new Outbox(
    out as never,
    () => {},
    () => {},
  );
  put(outbox, 'a');
  put(outbox, 'b');
  expect(writes).toEqual([]);
  expect(outbox.unsent).toBe(2);
  await turn();
  expect(writes.map(String)).toEqual(['ab']);
  expect(outbox.unsent).toBe(2);
  take();
  await turn();
  expect(outbox.unsent).toBe(0);
});

it('keeps the order of what is copied and what is not, over many pieces of memory', async () => {
  const { out, got, take } = socket();
  const outbox = new Outbox(
    out as never,
    () => {},
    () => {},
  );
  let sent = '';
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 10; i++) {
      const text = `${round}.${i};`.repeat(300);
      put(outbox, text);
      sent += text;
      if (i % 3 === 0) {
        const whole = `<${round}.${i}>`.repeat(1000);
        outbox.attach(Buffer.from(whole));
        sent += whole;
      }
    }
    if (round % 2) await turn();
    if (round % 5 === 0) take();
  }
  await turn();
  for (let i = 0; i < 100 && outbox.unsent > 0; i++) {
    take();
    await turn();
  }
  expect(outbox.unsent).toBe(0);
  expect(got().toString('latin1') === sent).toBe(true);
});

it('does not write into memory that the socket has not taken yet', async () => {
  const given: Buffer[] = [];
  const held = new Writable({
    highWaterMark: 1 << 30,
    write(chunk: Buffer) {
      given.push(chunk);
    },
  });
  const [one, other] = [0, 0].map(
    () =>
      new Outbox(
        held as never,
        () => {},
        () => {},
      ),
  );
  put(one!, 'first');
  one!.flush();
  for (let i = 0; i < 300; i++) put(other!, 'x'.repeat(1000));
  put(one!, 'second');
  one!.flush();
  other!.flush();
  expect(given[0]!.toString()).toBe('first');
});

it('tells when all has gone to the socket', async () => {
  const { out } = socket();
  const told: string[] = [];
  const outbox = new Outbox(
    out as never,
    () => told.push('flushed'),
    () => told.push('written'),
  );
  put(outbox, 'a');
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual(['flushed']);
});
