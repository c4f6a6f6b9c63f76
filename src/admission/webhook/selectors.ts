import {
  compileLabelSelector,
  type LabelSelector,
  type LabelSelectorObject,
  type Labels,
} from '../../meta/label-selector.ts';
import type { KubeObject } from '../../meta/object.ts';
import { notFoundError, type StatusError } from '../../meta/status.ts';
import type { Lister } from '../../registry/lister.ts';
import type { AdmissionAttributes } from '../plugin.ts';

/** namespaceSelector and objectSelector of a webhook or of a policy's matchResources, made ready. */
export interface Selectors {
  namespace: LabelSelector | undefined;
  object: LabelSelector | undefined;
}

const ready = (selector: LabelSelectorObject | null | undefined): LabelSelector | undefined => {
  const none =
    !selector || (!Object.keys(selector.matchLabels ?? {}).length && !selector.matchExpressions?.length);
  return none ? undefined : compileLabelSelector(selector);
};

export function compileSelectors(of: {
  namespaceSelector?: LabelSelectorObject | null;
  objectSelector?: LabelSelectorObject | null;
}): Selectors {
  return { namespace: ready(of.namespaceSelector), object: ready(of.objectSelector) };
}

/**
 * Whether a request is in the selection; a 404 where its namespace is not there to be asked
 * (apiserver pkg/admission/plugin/webhook/predicates).
 */
export function selected(
  selectors: Selectors,
  attributes: AdmissionAttributes,
  namespaces: Lister,
): boolean | StatusError {
  const { namespace, object } = selectors;
  if (object && !objectSelected(object, attributes)) return false;
  if (!namespace) return true;
  const labels = namespaceLabels(attributes, namespaces);
  if (labels === 'cluster') return true;
  if (labels === 'missing') return notFoundError({ group: '', resource: 'namespaces' }, attributes.namespace);
  return namespace.matches(labels);
}

function objectSelected(selector: LabelSelector, { object, oldObject }: AdmissionAttributes): boolean {
  const fits = (one: KubeObject | undefined): boolean =>
    one?.metadata !== undefined && selector.matches(one.metadata.labels ?? {});
  return fits(object) || fits(oldObject);
}

function namespaceLabels(
  attributes: AdmissionAttributes,
  namespaces: Lister,
): Labels | 'cluster' | 'missing' {
  const { resource, subresource, operation, object, namespace } = attributes;
  if (resource.resource === 'namespaces') {
    const own = subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
    if (own) return object?.metadata.labels ?? {};
  } else if (namespace === '') return 'cluster';
  const found = namespaces.get('', namespace || attributes.name);
  return found ? (found.metadata.labels ?? {}) : 'missing';
}
