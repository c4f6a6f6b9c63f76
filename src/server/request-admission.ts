import type { AdmissionChain } from '../admission/chain.ts';
import type { AuthorizationChain } from '../authorization/chain.ts';
import { EscalationGuard } from '../authorization/rbac/escalation.ts';
import type { RbacPolicy } from '../authorization/rbac/policy.ts';
import { guardRbacWrites } from '../authorization/rbac/write-guard.ts';
import type { Clock } from '../meta/clock.ts';
import type { UserInfo } from '../meta/user.ts';
import type { AdmissionHook } from '../registry/admission-hook.ts';
import type { ApiRequest } from './api-request.ts';

/** Admission as writes meet it: those of requests, and those of the server's own parts. */
export class RequestAdmission {
  readonly #chain: AdmissionChain;
  readonly #authorization: AuthorizationChain;
  readonly #policy: RbacPolicy;
  readonly #clock: Clock;

  constructor(chain: AdmissionChain, authorization: AuthorizationChain, policy: RbacPolicy, clock: Clock) {
    this.#chain = chain;
    this.#authorization = authorization;
    this.#policy = policy;
    this.#clock = clock;
  }

  /** Of the plugins in use, in their order. */
  get names(): readonly string[] {
    return this.#chain.names;
  }

  /** For a write of the server's own parts, of which nobody is told. */
  of(user: UserInfo): AdmissionHook {
    return this.#chain.hook({
      user,
      now: this.#clock.now(),
      warn: () => {},
      annotate: () => {},
      note: () => {},
    });
  }

  /** For a request: its verdicts go to the record, and nobody gives away rights that are not theirs. */
  for(request: ApiRequest): AdmissionHook {
    const hook = this.#chain.hook({
      user: request.user,
      now: request.now,
      warn: request.warn,
      annotate: request.annotate,
      note: (verdict) => {
        request.record.admission ??= [];
        request.record.admission.push(verdict);
      },
    });
    if (request.info.apiGroup !== 'rbac.authorization.k8s.io') return hook;
    const guard = new EscalationGuard(this.#authorization, this.#policy);
    return guardRbacWrites(hook, guard, request.user, request.info.name, ({ message: why }) => {
      request.record.admission ??= [];
      request.record.admission.push({
        by: 'RBAC',
        phase: 'mutate',
        outcome: 'denied',
        code: 'RBAC_ESCALATION',
        facts: { why },
      });
    });
  }
}
