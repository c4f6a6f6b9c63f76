import { deepEqual } from '../../meta/deep-equal.ts';
import type { KubeObject } from '../../meta/object.ts';
import { isStatus } from '../../meta/status.ts';
import type { ObjectClient } from '../../registry/client.ts';
import { uncovered } from './covers.ts';
import policy from './data/bootstrap-policy.json' with { type: 'json' };
import { RBAC_GROUP, type Subject } from './rule.ts';
import { RBAC_KINDS, type RbacResource } from './source.ts';

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const NAMESPACES = { group: '', resource: 'namespaces' };
const ATTEMPTS = 3;

const KIND_OF = Object.fromEntries(
  Object.entries(RBAC_KINDS).map(([kind, plural]) => [plural, kind]),
) as Record<RbacResource, string>;
const ORDER: readonly RbacResource[] = ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'];

/** Default ClusterRoles that once held their rules themselves, and where these went when they were made to aggregate. */
const AGGREGATED = [
  ['admin', 'system:aggregate-to-admin'],
  ['edit', 'system:aggregate-to-edit'],
  ['view', 'system:aggregate-to-view'],
] as const;

interface Row {
  kind: string;
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  [field: string]: unknown;
}

/** The default roles and bindings of one kind, as they are created. */
export function bootstrapObjects(resource: RbacResource): KubeObject[] {
  return (policy as unknown as Row[])
    .filter((row) => row.kind === resource)
    .map(({ kind, name, namespace, labels, ...fields }) => ({
      apiVersion: `${RBAC_GROUP}/v1`,
      kind: KIND_OF[resource],
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
        annotations: { [AUTOUPDATE]: 'true' },
      },
      ...structuredClone(fields),
    }));
}

/**
 * Makes the default roles and bindings that are missing, and completes those that are there, but for the ones annotated
 * not to be (pkg/registry/rbac/rest/storage_rbac.go). Resolves to what could not be done, to be tried again.
 */
export async function reconcileBootstrapPolicy(client: ObjectClient): Promise<string[]> {
  const failed: string[] = [];
  await migrate(client);
  for (const resource of ORDER) {
    const objects = bootstrapObjects(resource);
    const namespaces = new Set(objects.map((object) => object.metadata.namespace ?? ''));
    await Promise.all([...namespaces].map((namespace) => ensureNamespace(client, namespace)));
    await Promise.all(
      objects.map(async (object) => {
        try {
          await reconcile(client, resource, object);
        } catch (error) {
          failed.push(
            `unable to reconcile ${resource} ${object.metadata.name}: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }),
    );
  }
  return failed;
}

async function reconcile(client: ObjectClient, resource: RbacResource, expected: KubeObject): Promise<void> {
  const gr = { group: RBAC_GROUP, resource };
  const namespace = expected.metadata.namespace ?? '';
  const name = expected.metadata.name!;
  for (let attempt = 0; ; attempt++) {
    const existing = await find(client, resource, namespace, name);
    try {
      if (!existing) {
        await client.create(gr, namespace, expected);
      } else if (existing.metadata.annotations?.[AUTOUPDATE] === 'false') {
        return;
      } else if (isBinding(resource) && !deepEqual(existing['roleRef'], expected['roleRef'])) {
        // A binding's role cannot be changed: it has to be made anew.
        const { uid } = existing.metadata;
        await client.delete(gr, namespace, name, uid === undefined ? {} : { preconditions: { uid } });
        await client.create(gr, namespace, expected);
      } else if (complete(structuredClone(existing), expected)) {
        await client.update(gr, namespace, name, (object) => complete(object, expected));
      }
      return;
    } catch (error) {
      const raced =
        isStatus(error, 'AlreadyExists') || isStatus(error, 'NotFound') || isStatus(error, 'Conflict');
      if (!raced || attempt + 1 === ATTEMPTS) throw error;
    }
  }
}

/** Adds what is expected and not there; says whether anything was. */
function complete(object: KubeObject, expected: KubeObject): boolean {
  let changed = false;
  for (const field of ['annotations', 'labels'] as const) {
    const merged = { ...expected.metadata[field], ...object.metadata[field] };
    if (deepEqual(merged, object.metadata[field])) continue;
    object.metadata[field] = merged;
    changed = true;
  }
  if (expected.kind === 'RoleBinding' || expected.kind === 'ClusterRoleBinding') {
    const subjects: Subject[] = object['subjects'] ?? [];
    const missing = ((expected['subjects'] ?? []) as Subject[]).filter(
      (s) => !subjects.some((t) => deepEqual(s, t)),
    );
    if (missing.length) object['subjects'] = [...subjects, ...missing];
    return changed || missing.length > 0;
  }
  const missing = uncovered(object['rules'] ?? [], expected['rules'] ?? []);
  if (missing.length) object['rules'] = [...(object['rules'] ?? []), ...missing];
  return completeAggregation(object, expected) || missing.length > 0 || changed;
}

function completeAggregation(role: KubeObject, expected: KubeObject): boolean {
  const wanted: unknown[] | undefined = expected['aggregationRule']?.clusterRoleSelectors;
  if (!wanted) {
    if (!role['aggregationRule']) return false;
    delete role['aggregationRule'];
    return true;
  }
  const selectors: unknown[] = role['aggregationRule']?.clusterRoleSelectors ?? [];
  const missing = wanted.filter((selector) => !selectors.some((known) => deepEqual(known, selector)));
  if (missing.length) role['aggregationRule'] = { clusterRoleSelectors: [...selectors, ...missing] };
  return missing.length > 0;
}

/** Carries over what clusters of older Kubernetes versions had in roles and bindings that have been divided since. */
async function migrate(client: ObjectClient): Promise<void> {
  for (const [from, to] of AGGREGATED) {
    const old = await find(client, 'clusterroles', '', from);
    if (!old || old['aggregationRule'] || (await find(client, 'clusterroles', '', to))) continue;
    const { labels, annotations } = old.metadata;
    await create(client, 'clusterroles', {
      ...old,
      metadata: { name: to, ...(labels && { labels }), ...(annotations && { annotations }) },
    });
  }
  const discovery = await find(client, 'clusterrolebindings', '', 'system:discovery');
  if (!discovery || (await find(client, 'clusterrolebindings', '', 'system:public-info-viewer'))) return;
  const split = bootstrapObjects('clusterrolebindings').find(
    (b) => b.metadata.name === 'system:public-info-viewer',
  )!;
  const { labels, annotations } = discovery.metadata;
  await create(client, 'clusterrolebindings', {
    ...split,
    metadata: {
      name: 'system:public-info-viewer',
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    },
    subjects: structuredClone(discovery['subjects'] ?? []),
  });
}

async function create(client: ObjectClient, resource: RbacResource, object: KubeObject): Promise<void> {
  try {
    await client.create({ group: RBAC_GROUP, resource }, '', object);
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error;
  }
}

async function ensureNamespace(client: ObjectClient, namespace: string): Promise<void> {
  if (namespace === '' || client.lister(NAMESPACES)?.get('', namespace)) return;
  try {
    await client.create(NAMESPACES, '', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists') && !isStatus(error, 'Forbidden')) throw error;
  }
}

async function find(
  client: ObjectClient,
  resource: RbacResource,
  namespace: string,
  name: string,
): Promise<KubeObject | undefined> {
  const gr = { group: RBAC_GROUP, resource };
  const lister = client.lister(gr);
  if (lister) return lister.get(namespace, name);
  try {
    return await client.get(gr, namespace, name);
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined;
    throw error;
  }
}

function isBinding(resource: RbacResource): boolean {
  return resource === 'clusterrolebindings' || resource === 'rolebindings';
}
