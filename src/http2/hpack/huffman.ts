import { HpackError } from './hpack-error.ts';
import { END_OF_STRING, huffmanCodes } from './huffman-code.ts';

/**
 * A state machine that reads eight bits a step. A state is an inner node of the code's tree (there are 256, the root is 0); at
 * `state << 8 | octet` stands what the octet leads to:
 * bits 0 and 1 how many symbols come out (two at most: no code is shorter than five bits), 16 to 23 and 24 to 31 those,
 * 8 to 15 the next state, and bit 2 that the end of the string comes out, which is an error.
 */
const STEPS = new Int32Array(256 * 256);
/** 1 for states that a string may end in: less than eight bits of ones since the last symbol. */
const ENDS = new Uint8Array(256);
/** Both are filled at the first string that needs them; that they are constants saves checks in the loop. */
let filled = false;

const ROOT = 0;
const COUNT = 0x03;
const FAILED = 0x04;
const STATE = 0xff00;
const FIRST_SYMBOL = 16;
const SECOND_SYMBOL = 24;

const MAX_PADDING = 7;
/** In bits. */
const SHORTEST_CODE = 5;
const LONGEST_CODE = 30;

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
  if ((end - start) * 8 > (maxLength + 1) * LONGEST_CODE) return undefined;
  if (!filled) fill();
  // A step may write one octet too many, which is why there is room for it.
  const longest = Math.floor(((end - start) * 8) / SHORTEST_CODE) + 2;
  let out = scratch;
  if (out.length < longest) {
    out = Buffer.allocUnsafeSlow(longest);
    if (longest <= MAX_KEPT) scratch = out;
  }
  let step = ROOT;
  let all = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    step = STEPS[(step & STATE) | bytes[at]!]!;
    out[length] = step >> FIRST_SYMBOL;
    out[length + 1] = step >> SECOND_SYMBOL;
    length += step & COUNT;
    all |= step;
  }
  if (all & FAILED) throw new HpackError('a Huffman-coded string holds its own end');
  if (ENDS[(step & STATE) >> 8] === 0) {
    throw new HpackError('a Huffman-coded string is not padded with up to 7 ones');
  }
  return length > maxLength ? undefined : out.toString('latin1', 0, length);
}

function fill(): void {
  const next = tree();
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
        else step |= ~child << (symbols++ === 0 ? FIRST_SYMBOL : SECOND_SYMBOL);
        node = ROOT;
      }
      STEPS[(state << 8) | octet] = step | symbols | (node << 8);
    }
  }
  filled = true;
}

/** The code as a binary tree: at `node * 2 + bit` the next inner node, or the complement of a symbol. Fills ENDS as well. */
function tree(): Int16Array {
  const next = new Int16Array(512);
  ENDS[ROOT] = 1;
  let nodes = 1;
  for (const { symbol, code, length } of huffmanCodes()) {
    let node = ROOT;
    for (let bit = length - 1; bit > 0; bit--) {
      const branch = node * 2 + ((code >> bit) & 1);
      if (next[branch] === 0) next[branch] = nodes++;
      node = next[branch]!;
      // The end of the string is all ones: its first bits are the padding (RFC 7541 section 5.2).
      if (symbol === END_OF_STRING && length - bit <= MAX_PADDING) ENDS[node] = 1;
    }
    next[node * 2 + (code & 1)] = ~symbol;
  }
  return next;
}
