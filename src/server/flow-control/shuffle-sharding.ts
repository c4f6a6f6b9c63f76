import { createHash } from 'node:crypto';

/** The number a flow's hand is dealt by: its FlowSchema and what tells it from others of it, hashed. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE();
}

/**
 * Deals a hand of different cards out of a deck: two flows are unlikely to get the same one, so that a flow that fills all its
 * queues leaves others some of theirs (apiserver pkg/util/shufflesharding). `handSize` is no more than `deckSize`.
 */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  let rest = hash;
  const hand: number[] = [];
  for (let dealt = 0; dealt < handSize; dealt++) {
    const left = BigInt(deckSize - dealt);
    let card = Number(rest % left);
    rest /= left;
    // A card's number counts only those that are not dealt yet.
    for (const taken of [...hand].sort((a, b) => a - b)) if (taken <= card) card++;
    hand.push(card);
  }
  return hand;
}
