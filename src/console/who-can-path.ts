import type { RbacSource } from '../authorization/rbac/source.ts';
import type { RightRow } from '../authorization/rights/types.ts';
import { badRequestError, methodNotAllowedError } from '../meta/status.ts';
import type { Registry } from '../registry/registry.ts';
import type { ExtraPath } from '../server/api.ts';
import { answerJson } from './answer-json.ts';

const ROOT = '/sallyport/v1/who-can';

/** The columns of the matrix: what Kubernetes has verbs for, reading first. */
export const MATRIX_VERBS = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
] as const;

export type Way = Pick<RightRow, 'binding' | 'role' | 'rule'>;

/** A subject, and for each verb it has, the bindings that give it. */
export interface MatrixRow {
  kind: string;
  name: string;
  /** Of a ServiceAccount. */
  namespace?: string;
  verbs: Record<string, Way[]>;
}

export interface WhoCanParts {
  /** The policy as it is when somebody asks. */
  policy: RbacSource;
  registry: Registry;
  namespaces(): string[];
}

/**
 * Who may do what with a resource, by RBAC:
 *
 * - `GET /sallyport/v1/who-can` answers `{"namespaces": [...], "resources": [...]}`: what can be asked for
 * - `GET /sallyport/v1/who-can?resource=R&group=G&namespace=N&subresource=S` answers `{"verbs": [...], "subjects": [...]}`.
 *   Without a namespace: at cluster scope, which is all namespaces at once.
 */
export function whoCanPath({ policy, registry, namespaces }: WhoCanParts): ExtraPath {
  return async (request) => {
    if (request.info.path !== ROOT) return false;
    if (request.exchange.method !== 'GET') throw methodNotAllowedError();
    const { query } = request;
    const resource = query.get('resource');
    if (resource === null) {
      answerJson(request, 200, { namespaces: namespaces(), resources: resourcesOf(registry) });
      return true;
    }
    if (resource === '') throw badRequestError('resource has to name one, such as pods');
    const [{ whoCan }, { subjectText }] = await Promise.all([
      import('../authorization/rights/who-can.ts'),
      import('../authorization/rights/types.ts'),
    ]);
    const question = {
      group: query.get('group') ?? '',
      resource,
      subresource: query.get('subresource') ?? '',
      name: query.get('name') ?? '',
      namespace: query.get('namespace') ?? '',
    };
    const subjects = new Map<string, MatrixRow>();
    for (const verb of MATRIX_VERBS) {
      for (const { subject, binding, role, rule } of whoCan(policy, { verb, ...question })) {
        const key = subjectText(subject);
        const { kind, name, namespace } = subject;
        let row = subjects.get(key);
        if (!row) {
          row = { kind, name, ...(namespace ? { namespace } : {}), verbs: {} };
          subjects.set(key, row);
        }
        row.verbs[verb] ??= [];
        row.verbs[verb].push({ binding, role, rule });
      }
    }
    answerJson(request, 200, { verbs: MATRIX_VERBS, subjects: [...subjects.values()] });
    return true;
  };
}

function resourcesOf(registry: Registry): { group: string; resource: string; namespaced: boolean }[] {
  const found = new Map<string, { group: string; resource: string; namespaced: boolean }>();
  for (const { descriptor } of registry.all()) {
    const { group, plural, namespaced } = descriptor;
    found.set(`${group}/${plural}`, { group, resource: plural, namespaced });
  }
  return [...found.values()].sort((a, b) => (a.group + a.resource < b.group + b.resource ? -1 : 1));
}
