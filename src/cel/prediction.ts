import type { Grammar, RuleName, State } from './grammar.ts';
import type { TokenType } from './lexer.ts';

/** Where parsing could be, having chosen an alternative: a state, and the states to go on with after each rule. */
interface Config {
  state: State;
  alternative: number;
  stack: Stack | undefined;
  /** Has left the rule in which the decision is made. */
  outside: boolean;
}

interface Stack {
  readonly to: State;
  readonly below: Stack | undefined;
  readonly key: string;
}

export type Prediction = { alternative: number } | { failedAt: number };

/**
 * Decides between alternatives by looking ahead as far as needed, as ANTLR's adaptive prediction does: the first
 * alternative that is alone in fitting, or of several that fit alike, the first.
 */
export class Predictor {
  readonly #grammar: Grammar;
  readonly #starts = new Map<string, Config[]>();

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
  }

  /** `tokens(i)` is the i-th token from the one at hand; failedAt counts in the same way. */
  predict(decision: State, precedence: number, tokens: (ahead: number) => TokenType): Prediction {
    // What cannot be told apart any more sends the prediction back to the beginning, to settle for the first.
    return (
      this.#lookAhead(decision, precedence, tokens, false) ??
      this.#lookAhead(decision, precedence, tokens, true)!
    );
  }

  #lookAhead(
    decision: State,
    precedence: number,
    tokens: (ahead: number) => TokenType,
    settle: boolean,
  ): Prediction | undefined {
    let configs = this.#start(decision, precedence);
    for (let ahead = 0; ; ahead++) {
      const alternatives = new Set(configs.map((c) => c.alternative));
      const least = Math.min(...alternatives);
      if (alternatives.size === 1 || (settle && settled(configs))) return { alternative: least };
      if (!settle && conflicting(configs)) return undefined;
      const token = tokens(ahead);
      const reached = this.#step(configs, token);
      if (reached.length === 0) {
        const finished = configs.filter((c) => c.outside).map((c) => c.alternative);
        return finished.length > 0 ? { alternative: Math.min(...finished) } : { failedAt: ahead };
      }
      configs = reached;
      if (token === '<EOF>') return { alternative: Math.min(...configs.map((c) => c.alternative)) };
    }
  }

  #start(decision: State, precedence: number): Config[] {
    const key = `${decision.id}:${precedence}`;
    let known = this.#starts.get(key);
    if (!known) {
      const seeds = decision.transitions.map((transition, i) => ({
        state: transition.to,
        alternative: i + 1,
        stack: undefined,
        outside: false,
      }));
      known = this.#closure(seeds, precedence);
      this.#starts.set(key, known);
    }
    return known;
  }

  #step(configs: Config[], token: TokenType): Config[] {
    const moved: Config[] = [];
    for (const config of configs) {
      for (const transition of config.state.transitions) {
        if (transition.kind === 'tokens' && transition.tokens.has(token)) {
          moved.push({ ...config, state: transition.to });
        }
      }
    }
    return this.#closure(moved, 0);
  }

  /** All that can be reached without a token. Outside the deciding rule, whatever may follow it anywhere. */
  #closure(seeds: Config[], precedence: number): Config[] {
    const seen = new Set<string>();
    const out: Config[] = [];
    const pending = [...seeds].reverse();
    for (let config = pending.pop(); config; config = pending.pop()) {
      const key = `${config.alternative}:${config.state.id}:${config.outside ? 1 : 0}:${config.stack?.key ?? ''}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (config.state.kind === 'stop') {
        this.#leave(config, pending);
        continue;
      }
      if (config.state.transitions.some((t) => t.kind === 'tokens')) out.push(config);
      for (const transition of [...config.state.transitions].reverse()) {
        if (transition.kind === 'empty') pending.push({ ...config, state: transition.to });
        else if (transition.kind === 'precedence') {
          const own = config.stack === undefined && !config.outside;
          if (!own || transition.level >= precedence) pending.push({ ...config, state: transition.to });
        } else if (transition.kind === 'rule') this.#enter(config, transition.rule, transition.to, pending);
      }
    }
    return out;
  }

  #enter(config: Config, rule: RuleName, to: State, pending: Config[]): void {
    const stack = { to, below: config.stack, key: `${to.id},${config.stack?.key ?? ''}` };
    pending.push({ ...config, state: this.#grammar.rules[rule].start, stack });
  }

  #leave(config: Config, pending: Config[]): void {
    if (config.stack) {
      pending.push({ ...config, state: config.stack.to, stack: config.stack.below });
      return;
    }
    for (const to of this.#grammar.callers[config.state.rule])
      pending.push({ ...config, state: to, outside: true });
  }
}

/** The alternatives that go on from each state with each stack. */
function subsets(configs: Config[], key: (config: Config) => string | number): Set<number>[] {
  const found = new Map<string | number, Set<number>>();
  for (const config of configs) {
    const at = key(config);
    const known = found.get(at);
    if (known) known.add(config.alternative);
    else found.set(at, new Set([config.alternative]));
  }
  return [...found.values()];
}

const byStack = (config: Config): string => `${config.state.id}:${config.stack?.key ?? ''}`;

/** Several alternatives go on alike, and none in a way of its own. */
function conflicting(configs: Config[]): boolean {
  return (
    subsets(configs, byStack).some((alternatives) => alternatives.size > 1) &&
    !subsets(configs, (config) => config.state.id).some((alternatives) => alternatives.size === 1)
  );
}

/** Wherever several go on alike, the first of them is the same one. */
function settled(configs: Config[]): boolean {
  return new Set(subsets(configs, byStack).map((alternatives) => Math.min(...alternatives))).size === 1;
}
