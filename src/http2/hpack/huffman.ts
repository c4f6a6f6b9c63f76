import { HpackError } from './hpack-error.ts';
import { END_OF_STRING, huffmanCodes } from './huffman-code.ts';

/**
 * A state machine that reads eight bits a step. A state is an inner node of the code's tree (there are 256, the root is 0); at
 * `state << 8 | octet` stands what the octet leads to:
 * bits 0 to 7 the next state, 8 and 9 how many symbols came out (two at most: no code is shorter than five bits),
 * 10 to 17 and 18 to 25 those, and bit 26 that the end of the string came out, which is an error.
 */
interface Machine {
  steps: Int32Array;
  /** 1 for states that a string may end in: less than eight bits of ones since the last symbol. */
  ends: Uint8Array;
}

const ROOT = 0;
const FAILED = 1 << 26;
const MAX_PADDING = 7;

/** Built at the first string that needs it. */
let machine: Machine | undefined;
let scratch = Buffer.allocUnsafeSlow(4096);

/** Larger scratch space than this is not kept. */
const MAX_KEPT = 65_536;

/**
 * The Huffman-coded string in bytes[start..end) (RFC 7541 section 5.2), as Latin-1; undefined where it has more than `maxLength`
 * octets. Throws HpackError.
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxLength: number,
): string | undefined {
  machine ??= build();
  const { steps, ends } = machine;
  // The shortest code has five bits, and a step may write two octets beyond.
  const longest = Math.min(Math.floor(((end - start) * 8) / 5), maxLength) + 2;
  let out = scratch;
  if (out.length < longest) {
    out = Buffer.allocUnsafeSlow(longest);
    if (longest <= MAX_KEPT) scratch = out;
  }
  let state = ROOT;
  let length = 0;
  for (let at = start; at < end; at++) {
    const step = steps[(state << 8) | bytes[at]!]!;
    if (step >= FAILED) throw new HpackError('a Huffman-coded string holds its own end');
    out[length] = step >> 10;
    out[length + 1] = step >> 18;
    length += (step >> 8) & 3;
    if (length > maxLength) return undefined;
    state = step & 0xff;
  }
  if (ends[state] === 0) throw new HpackError('a Huffman-coded string is not padded with up to 7 ones');
  return out.toString('latin1', 0, length);
}

function build(): Machine {
  const { next, ends } = tree();
  const steps = new Int32Array(256 * 256);
  for (let state = 0; state < 256; state++) {
    for (let octet = 0; octet < 256; octet++) {
      let node = state;
      let step = 0;
      let symbols = 0;
      for (let bit = 7; bit >= 0; bit--) {
        const child = next[node * 2 + ((octet >> bit) & 1)]!;
        if (child >= 0) {
          node = child;
          continue;
        }
        if (~child === END_OF_STRING) step |= FAILED;
        else step |= ~child << (10 + 8 * symbols);
        symbols++;
        node = ROOT;
      }
      steps[(state << 8) | octet] = step | (symbols << 8) | node;
    }
  }
  return { steps, ends };
}

/** The code as a binary tree: at `node * 2 + bit` the next inner node, or the complement of a symbol. */
function tree(): { next: Int16Array; ends: Uint8Array } {
  const next = new Int16Array(512);
  const ends = new Uint8Array(256);
  ends[ROOT] = 1;
  let nodes = 1;
  for (const { symbol, code, length } of huffmanCodes()) {
    let node = ROOT;
    for (let bit = length - 1; bit > 0; bit--) {
      const branch = node * 2 + ((code >> bit) & 1);
      if (next[branch] === 0) next[branch] = nodes++;
      node = next[branch]!;
      // The end of the string is all ones: its first bits are the padding (RFC 7541 section 5.2).
      if (symbol === END_OF_STRING && length - bit <= MAX_PADDING) ends[node] = 1;
    }
    next[node * 2 + (code & 1)] = ~symbol;
  }
  return { next, ends };
}
