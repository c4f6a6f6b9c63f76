import type { Facts } from '../../explain/verdict.ts';

/** Why a token is refused: a code and its facts, which explain/words/oidc.ts puts into words. */
export class Fault {
  readonly code: string;
  readonly facts: Facts;

  constructor(code: string, facts: Facts = {}) {
    this.code = code;
    this.facts = facts;
  }
}
