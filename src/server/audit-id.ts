import { randomFillSync } from 'node:crypto';

/** Randomness for so many at a time. */
const AHEAD = 256;
const BYTES = 16;
/** Where the two digits of each byte stand. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const HIGH = new Uint8Array(256);
const LOW = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, '0');
  HIGH[byte] = digits.charCodeAt(0);
  LOW[byte] = digits.charCodeAt(1);
}

const random = new Uint8Array(AHEAD * BYTES);
const text = Buffer.alloc(36, '-');
let next = random.length;

/**
 * A version 4 UUID (RFC 9562 section 5.4). crypto.randomUUID() puts its text together of a tree of twenty pieces, ten times the
 * memory of the text itself; every request has one, which is kept for a while.
 */
export function makeAuditId(): string {
  if (next === random.length) {
    randomFillSync(random);
    next = 0;
  }
  random[next + 6] = (random[next + 6]! & 0x0f) | 0x40;
  random[next + 8] = (random[next + 8]! & 0x3f) | 0x80;
  for (let i = 0; i < BYTES; i++) {
    const byte = random[next + i]!;
    const place = PLACES[i]!;
    text[place] = HIGH[byte]!;
    text[place + 1] = LOW[byte]!;
  }
  next += BYTES;
  return text.toString('latin1');
}
