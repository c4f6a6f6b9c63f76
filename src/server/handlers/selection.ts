import { type FieldRequirement, matchesFields, parseFieldSelector } from '../../meta/field-selector.ts';
import { type LabelSelector, parseLabelSelector } from '../../meta/label-selector.ts';
import type { KubeObject } from '../../meta/object.ts';
import { badRequestError } from '../../meta/status.ts';
import type { ServedResource } from '../../registry/registry.ts';
import type { CacheScope } from '../../storage/cache-subscribers.ts';
import type { CacheView } from '../../storage/cache-view.ts';
import type { CachedObject } from '../../storage/cached-object.ts';
import type { WatchCache } from '../../storage/watch-cache.ts';

/** Kinds whose own field labels are asked before the generic ones, and whose refusals are worded so. */
const OWN_LABELS = new Set([
  'pods',
  'secrets',
  'events',
  'nodes',
  'namespaces',
  'certificatesigningrequests',
  'replicationcontrollers',
  'services',
  'replicasets',
  'jobs',
  'events',
]);

/** What of a resource a list, a watch or a deletecollection is about. */
export class Selection {
  /** Empty: all namespaces. */
  readonly namespace: string;
  /** Whether objects have to be looked at one by one. */
  readonly filters: boolean;
  /** What the cache tells a watch of. */
  readonly scope: CacheScope;
  readonly #fields: readonly FieldRequirement[];
  readonly #labels: LabelSelector | undefined;
  readonly #read: Record<string, (object: KubeObject) => string>;
  readonly #name: string | undefined;
  readonly #index: { name: string; value: string } | undefined;

  constructor(
    namespace: string,
    fields: readonly FieldRequirement[],
    labels: LabelSelector | undefined,
    read: Record<string, (object: KubeObject) => string>,
    namespaced: boolean,
    isIndexed: (field: string) => boolean = () => false,
  ) {
    this.#read = read;
    this.#labels = labels?.empty ? undefined : labels;
    const exact = fields.find((f) => f.field === 'metadata.name' && f.operator === '=' && f.value !== '');
    const place = fields.find(
      (f) => f.field === 'metadata.namespace' && f.operator === '=' && f.value !== '',
    );
    this.namespace = namespace || (namespaced ? (place?.value ?? '') : '');
    this.#name = exact?.value;
    this.#fields = fields;
    this.filters = fields.length > 0 || this.#labels !== undefined;
    const single = exact && (!namespaced || this.namespace !== '');
    this.scope = {
      ...(this.namespace ? { namespace: this.namespace } : {}),
      ...(single ? { name: exact.value } : {}),
    };
    const found = fields.find((f) => f.operator === '=' && isIndexed(f.field));
    if (!found || single) return;
    this.#index = { name: found.field, value: found.value };
    // An index knows nothing of namespaces: within one, watches are told of all of it.
    if (this.namespace === '') this.scope.index = this.#index;
  }

  /**
   * The few objects that can match, where the selection names one or an index finds them; undefined where all have to be looked
   * at. `cache` is the one that the view is of.
   */
  candidates(
    view: CacheView,
    after: string | undefined,
    cache: WatchCache,
  ): Iterable<CachedObject> | undefined {
    const { name } = this.scope;
    if (name === undefined) return this.#found(view, after, cache);
    const path = this.namespace ? `${this.namespace}/${name}` : name;
    if (after !== undefined && path <= after) return [];
    for (const item of view.items(this.namespace, before(path))) {
      return item.path === path ? [item] : [];
    }
    return [];
  }

  #found(view: CacheView, after: string | undefined, cache: WatchCache): CachedObject[] | undefined {
    const { name, value } = this.#index ?? {};
    // An index is of what is there now.
    if (name === undefined || value === undefined || view.revision !== cache.revision) return undefined;
    const { namespace } = this;
    return cache
      .byIndex(name, value)
      ?.filter(
        (item) =>
          (namespace === '' || item.namespace === namespace) && (after === undefined || item.path > after),
      );
  }

  matches(cached: CachedObject): boolean {
    if (!this.filters) return true;
    if (this.#name !== undefined && cached.name !== this.#name) return false;
    const object = cached.object;
    if (this.#labels && !this.#labels.matches(object.metadata.labels)) return false;
    if (this.#fields.length === 0) return true;
    return matchesFields(this.#fields, (field) => {
      if (field === 'metadata.name') return object.metadata.name;
      if (field === 'metadata.namespace') return object.metadata.namespace;
      return this.#read[field]?.(object);
    });
  }
}

/** The greatest path that stands before this one, near enough: keys are compared by code unit. */
const before = (path: string): string =>
  `${path.slice(0, -1) + String.fromCharCode(path.charCodeAt(path.length - 1) - 1)}\uffff`;

/** Reads the selectors of a query for a resource; throws the 400 of one that does not parse or that the kind does not know. */
export function selection(
  served: ServedResource,
  namespace: string,
  name: string,
  fieldSelector: string,
  labelSelector: string,
): Selection {
  const { descriptor } = served;
  const read = served.store?.strategy.selectableFields ?? {};
  const custom = served.discoveryVerbs !== undefined;
  const strict = custom || OWN_LABELS.has(descriptor.plural);
  let labels: LabelSelector | undefined;
  if (labelSelector !== '') {
    const parsed = parseLabelSelector(labelSelector);
    if ('error' in parsed) throw badRequestError(parsed.error);
    labels = parsed.selector;
  }
  let fields: FieldRequirement[] = [];
  if (fieldSelector !== '') {
    const parsed = parseFieldSelector(fieldSelector);
    if ('error' in parsed) throw badRequestError(parsed.error);
    fields = parsed.requirements;
    for (const { field } of fields) {
      if (field === 'metadata.name' || Object.hasOwn(read, field)) continue;
      if (field === 'metadata.namespace' && (descriptor.namespaced || !strict)) continue;
      throw badRequestError(
        strict
          ? `field label not supported: ${field}`
          : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    }
  }
  // A path that names an object selects it, as the old watch paths do.
  if (name !== '') fields = [...fields, { field: 'metadata.name', operator: '=', value: name }];
  return new Selection(
    descriptor.namespaced ? namespace : '',
    fields,
    labels,
    read,
    descriptor.namespaced,
    (field) => served.store?.cache.hasIndex(field) ?? false,
  );
}
