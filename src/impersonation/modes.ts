import { EXTRA, splitServiceAccountUsername } from '../authentication/service-account/username.ts';
import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import type { UserInfo } from '../meta/user.ts';
import { changed } from './attributes.ts';
import { type Impersonated, requestKey, Successes, userKey } from './caches.ts';
import { type Check, checkFields, nodeOf } from './checks.ts';
import type { WantedUser } from './headers.ts';

/** What a mode judges. */
export interface Attempt {
  wanted: WantedUser;
  /** Of the request as it is made, with its caller. */
  attributes: AuthorizationAttributes;
  check: Check;
  /** Milliseconds since 1970. */
  now: number;
}

/** A way to become somebody else. Undefined: not the way to this somebody; throws the 403 of a right that is missing. */
export interface Mode {
  readonly name: string;
  try(attempt: Attempt): Promise<Impersonated | undefined>;
}

const onlyName = (wanted: WantedUser): boolean =>
  wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;

/**
 * A constrained mode: first the right to make this very request in this mode (`impersonate-on:MODE:VERB`), then the
 * rights to be this user (`impersonate:MODE`), each remembered for a while (impersonation/mode.go).
 */
class ConstrainedMode implements Mode {
  readonly name: string;
  readonly #applies: (wanted: WantedUser, requestor: UserInfo) => boolean;
  readonly #whole = new Successes();
  readonly #fields = new Successes();

  constructor(name: string, applies: (wanted: WantedUser, requestor: UserInfo) => boolean) {
    this.name = name;
    this.#applies = applies;
  }

  async try(attempt: Attempt): Promise<Impersonated | undefined> {
    if (!this.#applies(attempt.wanted, attempt.attributes.user)) return undefined;
    const keyed = this.keyed(attempt);
    const { now } = attempt;
    const wholeKey = requestKey(keyed.wanted, keyed.attributes);
    const known = this.#whole.get(wholeKey, now);
    if (known) return known;
    const { attributes } = keyed;
    await attempt.check(changed(attributes, { verb: `impersonate-on:${this.name}:${attributes.verb}` }));
    const impersonated = await this.#asUser(attempt, keyed);
    this.#whole.set(wholeKey, impersonated, now);
    return impersonated;
  }

  async #asUser(attempt: Attempt, keyed: Keyed): Promise<Impersonated> {
    const key = userKey(keyed.wanted, keyed.attributes.user);
    const known = this.#fields.get(key, attempt.now);
    if (known) return known;
    const verb = `impersonate:${this.name}`;
    const requestor = keyed.attributes.user;
    const user = await checkFields(attempt.wanted, {
      check: this.checkAs(attempt.check),
      requestor,
      verb,
      constrained: true,
    });
    const impersonated = { user, constraint: verb };
    this.#fields.set(key, impersonated, attempt.now);
    return impersonated;
  }

  /** What successes are remembered by, and rights asked for. */
  protected keyed(attempt: Attempt): Keyed {
    return attempt;
  }

  protected checkAs(check: Check): Check {
    return check;
  }
}

type Keyed = Pick<Attempt, 'wanted' | 'attributes'>;

/**
 * A service account becomes the node that its token names. Neither the node nor the caller's extras count in what is
 * remembered or asked, so that one right and one memory serve an agent on all nodes; that the node is the caller's own
 * has been settled before.
 */
class AssociatedNodeMode extends ConstrainedMode {
  constructor() {
    super('associated-node', (wanted, requestor) => {
      const node = nodeOf(wanted.name);
      if (node === undefined || !onlyName(wanted) || !splitServiceAccountUsername(requestor.name))
        return false;
      const own = requestor.extra?.[EXTRA.nodeName];
      return own?.length === 1 && own[0] === node;
    });
  }

  override async try(attempt: Attempt): Promise<Impersonated | undefined> {
    const impersonated = await super.try(attempt);
    return impersonated && { ...impersonated, user: { ...impersonated.user, name: attempt.wanted.name } };
  }

  protected override keyed({ wanted, attributes }: Attempt): Keyed {
    const keys = Object.keys(attributes.user.extra ?? {}).sort();
    const user = { ...attributes.user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } };
    return { wanted: { ...wanted, name: 'system:node:*' }, attributes: changed(attributes, { user }) };
  }

  protected override checkAs(check: Check): Check {
    return (attributes) => check(changed(attributes, { name: '*' }));
  }
}

/** The mode of old: every field by the verb `impersonate`, nothing remembered. */
class LegacyMode implements Mode {
  readonly name = 'legacy';

  async try({ wanted, attributes, check }: Attempt): Promise<Impersonated> {
    const requestor = attributes.user;
    return { user: await checkFields(wanted, { check, requestor, verb: 'impersonate', constrained: false }) };
  }
}

/** All modes in the order in which they are tried. */
export function allModes(): Mode[] {
  return [
    new AssociatedNodeMode(),
    new ConstrainedMode('arbitrary-node', (wanted) => onlyName(wanted) && nodeOf(wanted.name) !== undefined),
    new ConstrainedMode(
      'serviceaccount',
      (wanted) => onlyName(wanted) && splitServiceAccountUsername(wanted.name) !== undefined,
    ),
    new ConstrainedMode(
      'user-info',
      ({ name }) => nodeOf(name) === undefined && splitServiceAccountUsername(name) === undefined,
    ),
    new LegacyMode(),
  ];
}

export const legacyMode = (): Mode => new LegacyMode();
