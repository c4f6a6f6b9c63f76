import type { Fields } from '../../meta/object.ts';
import type { UserInfo } from '../../meta/user.ts';
import type { Backend, Backends } from './backend.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
const AGGREGATOR: UserInfo = {
  name: 'system:kube-aggregator',
  groups: ['system:masters'],
};
const TIMEOUT_MS = 5000;

/** What another server says it serves of one version of a group, as an APIVersionDiscovery; undefined where it does not. */
export async function fetchVersion(
  backends: Backends,
  backend: Backend,
  group: string,
  version: string,
): Promise<Fields | undefined> {
  const whole = await backends.fetch(backend, '/apis', AGGREGATOR, AGGREGATED, TIMEOUT_MS);
  if (whole.ok && whole.status === 200 && whole.type.includes('as=APIGroupDiscoveryList')) {
    const items: Fields[] = parse(whole.body)?.['items'] ?? [];
    const found = items.find(({ metadata }) => metadata?.name === group);
    const versions: Fields[] = found?.['versions'] ?? [];
    const served = versions.find((one) => one['version'] === version);
    return served && { ...served, freshness: 'Current' };
  }
  const path = `/apis/${group}/${version}`;
  const legacy = await backends.fetch(backend, path, AGGREGATOR, 'application/json', TIMEOUT_MS);
  if (!legacy.ok || legacy.status !== 200) return undefined;
  const list = parse(legacy.body);
  if (list?.['kind'] !== 'APIResourceList') return undefined;
  return {
    version,
    resources: fromResourceList(list['resources'] ?? [], group, version),
    freshness: 'Current',
  };
}

/** `undefined` where all is well with the backend, else what is not (kube-aggregator remote_available_controller.go). */
export async function checkBackend(
  backends: Backends,
  backend: Backend,
  path: string,
): Promise<string | undefined> {
  const once = async (): Promise<string | undefined> => {
    const answer = await backends.fetch(backend, path, AGGREGATOR, '*/*', TIMEOUT_MS);
    if (!answer.ok)
      return answer.url ? `failing or missing response from ${answer.url}: ${answer.why}` : answer.why;
    if (answer.status >= 200 && answer.status < 300) return undefined;
    return `failing or missing response from ${answer.url}: bad status from ${answer.url}: ${answer.status}`;
  };
  // One of several endpoints may be down: the service as a whole is not.
  const answers = await Promise.all(Array.from({ length: 5 }, once));
  return answers.includes(undefined) ? undefined : answers.at(-1);
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** APIResources as aggregated discovery writes them (apiserver pkg/endpoints/installer.go, ConvertGroupVersionIntoToDiscovery). */
function fromResourceList(resources: Fields[], group: string, version: string): Fields[] {
  const kindOf = (resource: Fields): Fields => ({
    group: resource['group'] ?? group,
    version: resource['version'] ?? version,
    kind: resource['kind'] ?? '',
  });
  const out = new Map<string, Fields>();
  for (const resource of resources) {
    const name = String(resource['name'] ?? '');
    if (name === '' || name.includes('/')) continue;
    out.set(name, {
      resource: name,
      responseKind: kindOf(resource),
      scope: resource['namespaced'] ? 'Namespaced' : 'Cluster',
      singularResource: resource['singularName'] ?? '',
      verbs: resource['verbs'] ?? [],
      ...(resource['shortNames'] ? { shortNames: resource['shortNames'] } : {}),
      ...(resource['categories'] ? { categories: resource['categories'] } : {}),
    });
  }
  for (const resource of resources) {
    const [parent = '', subresource] = String(resource['name'] ?? '').split('/');
    const above = out.get(parent);
    if (subresource === undefined || !above) continue;
    above['subresources'] = [
      ...(above['subresources'] ?? []),
      { subresource, responseKind: kindOf(resource), verbs: resource['verbs'] ?? [] },
    ];
  }
  return [...out.values()];
}
