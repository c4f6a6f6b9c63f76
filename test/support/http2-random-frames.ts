import {
  block,
  CODE,
  continuation,
  data,
  type Field,
  FLAG,
  frame,
  goAway,
  headers,
  indexed,
  integer,
  literal,
  padded,
  ping,
  priority,
  request,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from './http2-frames.ts';
import type { ServerWatch } from './http2-server-watch.ts';

/** Numbers that follow from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to less than `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  chance(of: number): boolean {
    return this.below(of) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

const NUMBERS = [0, 1, 2, 5, 100, 16_383, 16_384, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const FIELDS: readonly Field[] = [
  ['accept', '*/*'],
  ['user-agent', 'fuzz'],
  ['content-length', '5'],
  ['content-length', '100'],
  ['te', 'trailers'],
  ['cookie', 'a=b'],
  ['expect', '100-continue'],
  ['x-long', 'v'.repeat(3000)],
];
const WRONG: readonly Field[] = [
  ['Upper', 'x'],
  ['connection', 'close'],
  [':path', '/late'],
  ['x', 'a\nb'],
  ['', 'x'],
  [':status', '200'],
];

/**
 * What a client may send that is mostly right, so that it gets somewhere, and wrong now and then; or never, where the client is
 * `good`. It opens no more than 60 streams: what it does with them is up to chance.
 */
export class RandomFrames {
  readonly #random: Random;
  readonly #watch: ServerWatch;
  readonly #paths: readonly string[];
  readonly #isGood: boolean;
  #next = 1;
  /** Streams whose requests go on. */
  readonly #open = new Set<number>();

  constructor(random: Random, watch: ServerWatch, paths: readonly string[], isGood: boolean) {
    this.#random = random;
    this.#isGood = isGood;
    this.#watch = watch;
    this.#paths = paths;
  }

  /** Whether something is to be wrong, which it is once in so many times. */
  #isWrong(of: number): boolean {
    return !this.#isGood && this.#random.chance(of);
  }

  /** A frame or a few that belong together. */
  some(): Buffer {
    const random = this.#random;
    const id = this.#aStream();
    if (id === undefined || random.chance(4)) return this.#request();
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
        return data(id, random.bytes(random.pick([0, 1, 5, 5, 95, 1000])), this.#isLast(id));
      case 3:
        return frame(
          0,
          FLAG.PADDED | (this.#isLast(id) ? FLAG.END_STREAM : 0),
          id,
          padded('abcde', random.below(40), this.#isWrong(50) ? 200 : undefined),
        );
      case 4:
        return this.#widen(random.chance(3) ? 0 : id);
      case 5:
        this.#open.delete(id);
        if (random.chance(2)) return rstStream(id, random.chance(5) ? 12_345 : CODE.CANCEL);
        return headers(id, block([['x-trailer', '1']]), !this.#isWrong(5));
      case 6:
        return this.#settings();
      case 7:
        return random.chance(2) ? ping(random.bytes(8)) : settingsAck();
      case 8:
        return frame(2, 0, id, this.#isWrong(10) ? random.bytes(4) : priority(2 * random.below(30)));
      default:
        if (this.#isWrong(5)) return this.#wrong(id);
        return frame(10 + random.below(240), random.below(256), id, random.bytes(random.below(50)));
    }
  }

  /** Whose request goes on, as a rule. */
  #aStream(): number | undefined {
    const random = this.#random;
    if (this.#isWrong(60)) return random.below(200);
    if (this.#isWrong(10)) return 2 * random.below((this.#next + 1) / 2) + 1;
    return this.#open.size === 0 ? undefined : random.pick([...this.#open]);
  }

  #isLast(id: number): boolean {
    if (!this.#random.chance(4)) return false;
    this.#open.delete(id);
    return true;
  }

  #request(): Buffer {
    const random = this.#random;
    if (this.#next > 120) return ping();
    const id = this.#next;
    this.#next += random.chance(20) ? 4 : 2;
    const more: Field[] = Array.from({ length: random.below(4) }, () => random.pick(FIELDS));
    if (this.#isWrong(8)) more.push(random.pick(WRONG));
    const isKept = random.chance(3);
    const method = random.pick(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS']);
    let bytes = Buffer.concat(
      request(random.pick(this.#paths), method, more).map((field) => literal(field, isKept)),
    );
    if (this.#isWrong(30))
      bytes = Buffer.concat([bytes, random.pick([indexed(62), indexed(70), integer(40, 5, 0x20)])]);
    if (this.#isWrong(40)) bytes[random.below(bytes.length)] = random.below(256);
    const isEnd = random.chance(2);
    if (!isEnd) this.#open.add(id);
    if (!random.chance(5)) return headers(id, bytes, isEnd);
    const cut = random.below(bytes.length);
    return Buffer.concat([
      headers(id, bytes.subarray(0, cut), isEnd, false),
      this.#isWrong(25) ? ping() : Buffer.alloc(0),
      continuation(id, bytes.subarray(cut)),
    ]);
  }

  #widen(id: number): Buffer {
    const random = this.#random;
    const bytes = this.#isWrong(20) ? random.pick(NUMBERS) : 1 + random.below(50_000);
    this.#watch.widened(id, bytes % 2 ** 31);
    return windowUpdate(id, bytes);
  }

  #settings(): Buffer {
    const random = this.#random;
    const id = random.pick([1, 2, 3, 4, 4, 4, 5, 6, 77]);
    const usual = [
      random.below(5000),
      random.below(2),
      100,
      random.below(100_000),
      16_384 + random.below(100_000),
    ];
    const value = this.#isWrong(20) ? random.pick(NUMBERS) : (usual[id - 1] ?? random.below(1000));
    if (id === 4) this.#watch.initialWindow(value);
    return settings([id, value]);
  }

  #wrong(id: number): Buffer {
    const random = this.#random;
    return random.pick<() => Buffer>([
      () => goAway(0, random.below(14)),
      () => frame(6, 0, 0, random.bytes(7)),
      () => frame(4, 0, 0, random.bytes(random.below(20))),
      () => frame(5, 4, id, uint32(2)),
      () => continuation(id, block([['a', 'b']])),
      () => frame(random.below(10), random.below(256), random.below(9), random.bytes(random.below(40))),
      () => frame(1, 0x2c, id, random.bytes(9)),
      () => frame(0, 0, id, random.bytes(30), 2 ** 24 - 1),
      () => random.bytes(random.below(60)),
    ])();
  }
}
