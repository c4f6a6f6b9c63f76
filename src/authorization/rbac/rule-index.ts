import type { AuthorizationAttributes } from '../authorizer.ts';
import { ALL, allowsPath, allowsRest, type CompiledRule, combinedResource } from './rule.ts';

/** A rule somebody holds, with its place in the order in which Kubernetes looks at rules. */
export interface HeldRule<Grant> {
  order: number;
  rule: CompiledRule;
  /** Through what it is held. */
  grant: Grant;
}

/** One caller's rules, found by the resource asked for. */
export class RuleIndex<Grant> {
  readonly rules: readonly HeldRule<Grant>[];
  readonly #byResource = new Map<string, HeldRule<Grant>[]>();
  readonly #ofAll: HeldRule<Grant>[] = [];
  readonly #ofPaths: HeldRule<Grant>[] = [];

  constructor(rules: readonly HeldRule<Grant>[]) {
    this.rules = rules;
    for (const held of rules) {
      if (held.rule.urls.size > 0) this.#ofPaths.push(held);
      if (held.rule.resources.includes(ALL)) this.#ofAll.push(held);
      else for (const resource of new Set(held.rule.resources)) this.#under(resource).push(held);
    }
  }

  #under(resource: string): HeldRule<Grant>[] {
    let list = this.#byResource.get(resource);
    if (list) return list;
    list = [];
    this.#byResource.set(resource, list);
    return list;
  }

  /** The first rule that allows the request. */
  find(asked: AuthorizationAttributes): HeldRule<Grant> | undefined {
    if (!asked.isResourceRequest) {
      for (const held of this.#ofPaths) if (allowsPath(held.rule, asked)) return held;
      return undefined;
    }
    let best = first(this.#ofAll, asked, undefined);
    best = first(this.#byResource.get(combinedResource(asked)), asked, best);
    if (asked.subresource !== '') best = first(this.#byResource.get(`*/${asked.subresource}`), asked, best);
    return best;
  }
}

function first<Grant>(
  candidates: readonly HeldRule<Grant>[] | undefined,
  asked: AuthorizationAttributes,
  best: HeldRule<Grant> | undefined,
): HeldRule<Grant> | undefined {
  if (!candidates) return best;
  for (const held of candidates) {
    if (best && held.order > best.order) return best;
    if (allowsRest(held.rule, asked)) return held;
  }
  return best;
}
