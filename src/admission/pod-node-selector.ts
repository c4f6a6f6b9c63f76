import { errorText, invalid } from '../meta/field-error.ts';
import { labelValueFaults, qualifiedNameFaults } from '../meta/names.ts';
import type { Fields } from '../meta/object.ts';
import { notFoundError } from '../meta/status.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, fail, forbid, refuse } from './refusal.ts';

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector';
const NAMESPACES = { group: '', resource: 'namespaces' };

type Labels = Record<string, string>;

/**
 * Keeps pods to the nodes that their namespace may use: its annotation, or the configuration's `clusterDefaultNodeSelector`,
 * is added to each pod's node selector (plugin/pkg/admission/podnodeselector).
 */
export class PodNodeSelector implements AdmissionPlugin {
  readonly name = 'PodNodeSelector';
  readonly resources: readonly string[] = ['pods'];
  readonly #namespaces: Lister;
  readonly #clusterSelectors: Readonly<Record<string, string>>;

  /** @param clusterSelectors by namespace, and by `clusterDefaultNodeSelector` */
  constructor(namespaces: Lister, clusterSelectors: Readonly<Record<string, string>>) {
    this.#namespaces = namespaces;
    this.#clusterSelectors = clusterSelectors;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = attributes.object?.['spec'];
    if (attributes.subresource !== '' || !spec) return ACCEPTED;
    const found = this.#selector(attributes);
    if ('outcome' in found) return found;
    const own: Labels = spec['nodeSelector'] ?? {};
    if (conflict(found.labels, own)) return forbid(attributes, 'NODE_SELECTOR_CONFLICT');
    const merged = { ...found.labels, ...own };
    if (Object.keys(merged).length) spec['nodeSelector'] = merged;
    const verdict = this.#judge(attributes, merged);
    return verdict === ACCEPTED && Object.keys(found.labels).length
      ? changed('NODE_SELECTOR_ADDED')
      : verdict;
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = attributes.object?.['spec'];
    if (attributes.subresource !== '' || !spec) return ACCEPTED;
    const found = this.#selector(attributes);
    if ('outcome' in found) return found;
    const own: Labels = spec['nodeSelector'] ?? {};
    if (conflict(found.labels, own)) return forbid(attributes, 'NODE_SELECTOR_CONFLICT');
    return this.#judge(attributes, own);
  }

  #judge(attributes: AdmissionAttributes, selector: Labels): PluginVerdict {
    const allowed = readSelector(this.#clusterSelectors[attributes.namespace] ?? '');
    if ('error' in allowed) return fail('NODE_SELECTOR_UNREADABLE', allowed);
    const { labels } = allowed;
    if (Object.keys(labels).length === 0) return ACCEPTED;
    const within = Object.entries(selector).every(([name, value]) => labels[name] === value);
    return within ? ACCEPTED : forbid(attributes, 'NODE_SELECTOR_NOT_ALLOWED');
  }

  #selector({ namespace }: AdmissionAttributes): { labels: Labels } | PluginVerdict {
    const found = this.#namespaces.get('', namespace);
    if (!found) return refuse('NAMESPACE_MISSING', { namespace }, notFoundError(NAMESPACES, namespace));
    const read = readSelector(
      found.metadata.annotations?.[ANNOTATION] ?? this.#clusterSelectors['clusterDefaultNodeSelector'] ?? '',
    );
    return 'error' in read ? fail('NODE_SELECTOR_UNREADABLE', read) : read;
  }
}

const conflict = (a: Labels, b: Labels): boolean =>
  Object.entries(a).some(([name, value]) => Object.hasOwn(b, name) && b[name] !== value);

/** `a=b,c=d` (labels.ConvertSelectorToLabelsMap); errors in its words. */
function readSelector(text: string): { labels: Labels } | { error: string } {
  const labels: Labels = {};
  if (text === '') return { labels };
  for (const pair of text.split(',')) {
    const parts = pair.split('=');
    if (parts.length !== 2) return { error: `invalid selector: [${parts.join(' ')}]` };
    const [name, value] = parts.map((part) => part.trim()) as [string, string];
    const nameFaults = qualifiedNameFaults(name);
    if (nameFaults.length) return { error: errorText(invalid('<nil>', name, nameFaults.join('; '))) };
    const valueFaults = labelValueFaults(value);
    if (valueFaults.length) return { error: errorText(invalid(`[${name}]`, value, valueFaults.join('; '))) };
    labels[name] = value;
  }
  return { labels };
}
