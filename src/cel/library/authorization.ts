import { nameIsDnsLabel, nameIsDnsSubdomain } from '../../meta/names.ts';
import type { UserInfo } from '../../meta/user.ts';
import { type FunctionDecl, member } from '../declarations.ts';
import { error, noSuchOverload } from '../errors.ts';
import type { Library } from '../library.ts';
import { BOOL, type CelType, objectType, STRING } from '../types.ts';
import { type CelError, CelObject, type CelValue } from '../values.ts';
import { Suspended } from '../work.ts';

export const AUTHORIZER_TYPE = objectType('kubernetes.authorization.Authorizer');
const PATH_CHECK = objectType('kubernetes.authorization.PathCheck');
const GROUP_CHECK = objectType('kubernetes.authorization.GroupCheck');
export const RESOURCE_CHECK_TYPE = objectType('kubernetes.authorization.ResourceCheck');
const DECISION = objectType('kubernetes.authorization.Decision');

/** What an expression asks the authorizer. Selectors are as the expression wrote them. */
export type AuthorizationCheck =
  | { kind: 'path'; user: UserInfo; verb: string; path: string }
  | {
      kind: 'resource';
      user: UserInfo;
      verb: string;
      group: string;
      resource: string;
      subresource: string;
      namespace: string;
      name: string;
      fieldSelector: string;
      labelSelector: string;
    };

export interface AuthorizationAnswer {
  decision: 'allow' | 'deny' | 'noOpinion';
  reason: string;
  /** What broke, in words. */
  error?: string;
}

/** Who is asked. A promise makes the evaluation wait (Program.evaluateAsync). */
export type CheckAuthorization = (
  check: AuthorizationCheck,
) => AuthorizationAnswer | Promise<AuthorizationAnswer>;

/** A value with methods only; never equal to anything. */
abstract class Receiver extends CelObject {
  equalTo(other: CelValue): CelError {
    return noSuchOverload(other);
  }
}

/** Answers of one request, so that an evaluation that had to wait does not ask again. */
class Session {
  readonly #ask: CheckAuthorization;
  readonly #answers = new Map<string, AuthorizationAnswer>();
  constructor(ask: CheckAuthorization) {
    this.#ask = ask;
  }
  check(check: AuthorizationCheck): CelValue {
    const key = JSON.stringify(check);
    const known = this.#answers.get(key);
    if (known) return new Decision(known);
    const answer = this.#ask(check);
    if (!(answer instanceof Promise)) {
      this.#answers.set(key, answer);
      return new Decision(answer);
    }
    throw new Suspended(
      answer.then((settled) => {
        this.#answers.set(key, settled);
      }),
    );
  }
}

class Decision extends Receiver {
  readonly type = DECISION;
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
}

class Authorizer extends Receiver {
  readonly type = AUTHORIZER_TYPE;
  readonly session: Session;
  readonly user: UserInfo;
  constructor(session: Session, user: UserInfo) {
    super();
    this.session = session;
    this.user = user;
  }
}

class PathCheck extends Receiver {
  readonly type = PATH_CHECK;
  readonly authorizer: Authorizer;
  readonly path: string;
  constructor(authorizer: Authorizer, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck extends Receiver {
  readonly type = GROUP_CHECK;
  readonly authorizer: Authorizer;
  readonly group: string;
  constructor(authorizer: Authorizer, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

type ResourceParts = Omit<Extract<AuthorizationCheck, { kind: 'resource' }>, 'kind' | 'user' | 'verb'>;

class ResourceCheck extends Receiver {
  readonly type = RESOURCE_CHECK_TYPE;
  readonly authorizer: Authorizer;
  readonly parts: ResourceParts;
  constructor(authorizer: Authorizer, parts: ResourceParts) {
    super();
    this.authorizer = authorizer;
    this.parts = parts;
  }
}

/** The `authorizer` variable for a user. Make one for each request: it remembers answers. */
export function authorizerValue(user: UserInfo, ask: CheckAuthorization): CelObject {
  return new Authorizer(new Session(ask), user);
}

/** The `authorizer.requestResource` variable: a check of what the request asks for. */
export function requestResourceValue(
  authorizer: CelObject,
  request: { group: string; resource: string; subresource: string; namespace: string; name: string },
): CelObject {
  return new ResourceCheck(authorizer as Authorizer, { ...request, fieldSelector: '', labelSelector: '' });
}

function serviceAccount(authorizer: Authorizer, namespace: string, name: string): CelValue {
  if (nameIsDnsSubdomain(name, false).length > 0) return error('Invalid service account name');
  if (nameIsDnsLabel(namespace, false).length > 0) return error('Invalid service account namespace');
  return new Authorizer(authorizer.session, {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  });
}

const narrowing = (name: keyof ResourceParts, id: string): FunctionDecl => ({
  name,
  overloads: [
    member(id, [RESOURCE_CHECK_TYPE, STRING], RESOURCE_CHECK_TYPE, (check, value) => {
      const { authorizer, parts } = check as ResourceCheck;
      return new ResourceCheck(authorizer, { ...parts, [name]: value as string });
    }),
  ],
});

const outcome = (
  name: string,
  type: CelType,
  read: (answer: AuthorizationAnswer) => CelValue,
): FunctionDecl => ({
  name,
  overloads: [
    member(`decision_${name}`, [DECISION], type, (decision) => read((decision as Decision).answer)),
  ],
});

/** Asking what a user may do (apiserver pkg/cel/library/authz.go). */
export const AUTHORIZATION: Library = {
  name: 'kubernetes.authz',
  functions: [
    {
      name: 'path',
      overloads: [
        member('authorizer_path', [AUTHORIZER_TYPE, STRING], PATH_CHECK, (authorizer, path) =>
          (path as string).trim() === ''
            ? error('path must not be empty')
            : new PathCheck(authorizer as Authorizer, path as string),
        ),
      ],
    },
    {
      name: 'group',
      overloads: [
        member(
          'authorizer_group',
          [AUTHORIZER_TYPE, STRING],
          GROUP_CHECK,
          (authorizer, group) => new GroupCheck(authorizer as Authorizer, group as string),
        ),
      ],
    },
    {
      name: 'serviceAccount',
      overloads: [
        member(
          'authorizer_serviceaccount',
          [AUTHORIZER_TYPE, STRING, STRING],
          AUTHORIZER_TYPE,
          (a, namespace, name) => serviceAccount(a as Authorizer, namespace as string, name as string),
        ),
      ],
    },
    {
      name: 'resource',
      overloads: [
        member('groupcheck_resource', [GROUP_CHECK, STRING], RESOURCE_CHECK_TYPE, (check, resource) => {
          if ((resource as string).trim() === '') return error('resource must not be empty');
          const { authorizer, group } = check as GroupCheck;
          const none = { subresource: '', namespace: '', name: '', fieldSelector: '', labelSelector: '' };
          return new ResourceCheck(authorizer, { group, resource: resource as string, ...none });
        }),
      ],
    },
    narrowing('subresource', 'resourcecheck_subresource'),
    narrowing('namespace', 'resourcecheck_namespace'),
    narrowing('name', 'resourcecheck_name'),
    {
      name: 'check',
      overloads: [
        member('pathcheck_check', [PATH_CHECK, STRING], DECISION, (check, verb) => {
          const { authorizer, path } = check as PathCheck;
          return authorizer.session.check({
            kind: 'path',
            user: authorizer.user,
            verb: verb as string,
            path,
          });
        }),
        member('resourcecheck_check', [RESOURCE_CHECK_TYPE, STRING], DECISION, (check, verb) => {
          const { authorizer, parts } = check as ResourceCheck;
          return authorizer.session.check({
            kind: 'resource',
            user: authorizer.user,
            verb: verb as string,
            ...parts,
          });
        }),
      ],
    },
    outcome('errored', BOOL, (answer) => answer.error !== undefined),
    outcome('error', STRING, (answer) => answer.error ?? ''),
    outcome('allowed', BOOL, (answer) => answer.decision === 'allow'),
    outcome('reason', STRING, (answer) => answer.reason),
  ],
};

/** Checks narrowed by selectors. */
export const AUTHORIZATION_SELECTORS: Library = {
  name: 'kubernetes.authzSelectors',
  functions: [
    narrowing('fieldSelector', 'authorizer_fieldselector'),
    narrowing('labelSelector', 'authorizer_labelselector'),
  ],
};
