import type { AuthorizationVerdict } from '../explain/verdict.ts';
import { VerdictLists } from '../explain/verdict-lists.ts';
import { aggregateText } from '../meta/field-error.ts';
import { MASTERS, type UserInfo } from '../meta/user.ts';
import type {
  AuthorizationAttributes,
  AuthorizationOutcome,
  Authorizer,
  NonResourceRule,
  ResourceRule,
  RuleResolver,
} from './authorizer.ts';

const PRIVILEGED: AuthorizationOutcome = {
  decision: 'allow',
  reason: '',
  asked: [
    {
      decision: 'allow',
      by: 'system:masters',
      code: 'PRIVILEGED_GROUP',
      facts: { group: MASTERS },
      reason: '',
    },
  ],
};

const resolves = (authorizer: Authorizer): authorizer is Authorizer & RuleResolver =>
  'rulesFor' in authorizer;

/**
 * Authorizers in their order: the first to allow or deny decides, reasons and errors of those without an opinion are
 * collected (apiserver pkg/authorization/union). Group system:masters is allowed before any of them.
 * The authorizers can be exchanged while requests are on their way; each request sees one set.
 */
export class AuthorizationChain implements RuleResolver {
  #authorizers: readonly Authorizer[];

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers;
  }

  get authorizers(): readonly Authorizer[] {
    return this.#authorizers;
  }

  /** Puts other authorizers in place of these, from the next request on. */
  replace(authorizers: readonly Authorizer[]): void {
    this.#authorizers = authorizers;
  }

  /** The outcome itself where every authorizer asked answers at once, else a promise of it. Never throws. */
  authorize(attributes: AuthorizationAttributes): AuthorizationOutcome | Promise<AuthorizationOutcome> {
    if (attributes.user.groups.includes(MASTERS)) return PRIVILEGED;
    return this.#from(this.#authorizers, 0, attributes, []);
  }

  #from(
    authorizers: readonly Authorizer[],
    start: number,
    attributes: AuthorizationAttributes,
    asked: AuthorizationVerdict[],
  ): AuthorizationOutcome | Promise<AuthorizationOutcome> {
    for (let i = start; i < authorizers.length; i++) {
      const verdict = ask(authorizers[i]!, attributes);
      if (verdict instanceof Promise) {
        return verdict.then((settled) => {
          asked.push(settled);
          return settled.decision === 'noOpinion'
            ? this.#from(authorizers, i + 1, attributes, asked)
            : decided(settled, asked);
        });
      }
      asked.push(verdict);
      if (verdict.decision !== 'noOpinion') return decided(verdict, asked);
    }
    return undecided(asked);
  }

  /** What the authorizers that can tell say of a user's rights, joined. */
  rulesFor(user: UserInfo, namespace: string): ReturnType<RuleResolver['rulesFor']> {
    const resourceRules: ResourceRule[] = [];
    const nonResourceRules: NonResourceRule[] = [];
    const errors: string[] = [];
    let incomplete = false;
    for (const authorizer of this.#authorizers) {
      if (!resolves(authorizer)) continue;
      const rules = authorizer.rulesFor(user, namespace);
      resourceRules.push(...rules.resourceRules);
      nonResourceRules.push(...rules.nonResourceRules);
      incomplete ||= rules.incomplete;
      if (rules.error !== undefined) errors.push(rules.error);
    }
    return {
      resourceRules,
      nonResourceRules,
      incomplete,
      ...(errors.length ? { error: aggregateText(errors) } : {}),
    };
  }
}

/** An authorizer that throws against its contract must not let anybody in, nor take the request down. */
function ask(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
): AuthorizationVerdict | Promise<AuthorizationVerdict> {
  try {
    const verdict = authorizer.authorize(attributes);
    return verdict instanceof Promise
      ? verdict.catch((error: unknown) => broken(authorizer, error))
      : verdict;
  } catch (error) {
    return broken(authorizer, error);
  }
}

function broken(authorizer: Authorizer, error: unknown): AuthorizationVerdict {
  const message = error instanceof Error ? error.message : String(error);
  return {
    decision: 'noOpinion',
    by: authorizer.name,
    code: 'AUTHORIZER_FAILED',
    facts: { error: message },
    reason: '',
    error: message,
  };
}

function decided(
  verdict: AuthorizationVerdict,
  asked: readonly AuthorizationVerdict[],
): AuthorizationOutcome {
  const { decision, reason, error } = verdict;
  if (error !== undefined) return { decision, reason, asked, error };
  return { decision, reason, asked: decision === 'allow' ? lists.shared(asked) : asked };
}

/** What allows is the same rule for many requests. */
const lists = new VerdictLists<AuthorizationVerdict>();

function undecided(asked: readonly AuthorizationVerdict[]): AuthorizationOutcome {
  const reasons = asked.filter((v) => v.reason !== '').map((v) => v.reason);
  const errors = asked.filter((v) => v.error !== undefined).map((v) => v.error!);
  return {
    decision: 'noOpinion',
    reason: reasons.join('\n'),
    asked,
    ...(errors.length ? { error: aggregateText(errors) } : {}),
  };
}
