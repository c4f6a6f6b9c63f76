import type { Fields } from '../meta/object.ts';
import { notFoundError } from '../meta/status.ts';
import { qosClass } from '../registry/core/pod/quality-of-service.ts';
import type { Lister } from '../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed, fail, refuse } from './refusal.ts';
import { mergeTolerations, withinTolerations } from './tolerations.ts';

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const ALLOWED = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const MEMORY_PRESSURE = {
  key: 'node.kubernetes.io/memory-pressure',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** podtolerationrestriction.admission.k8s.io/v1alpha1 Configuration: what holds where a namespace has no annotation. */
export interface PodTolerationRestrictionConfiguration {
  default: readonly Fields[];
  whitelist: readonly Fields[];
}

/** Adds the tolerations of a namespace to its pods, and keeps them to those it allows (plugin/pkg/admission/podtolerationrestriction). */
export class PodTolerationRestriction implements AdmissionPlugin {
  readonly name = 'PodTolerationRestriction';
  readonly resources: readonly string[] = ['pods'];
  readonly #namespaces: Lister;
  readonly #configuration: PodTolerationRestrictionConfiguration;

  constructor(namespaces: Lister, configuration: PodTolerationRestrictionConfiguration) {
    this.#namespaces = namespaces;
    this.#configuration = configuration;
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = attributes.object?.['spec'];
    if (attributes.subresource !== '' || !spec) return ACCEPTED;
    let extra: readonly Fields[] = [];
    if (attributes.operation === 'CREATE') {
      const own = this.#annotation(attributes.namespace, DEFAULTS);
      if (own && 'outcome' in own) return own;
      extra = own?.tolerations ?? this.#configuration.default;
    }
    if (qosClass(spec) !== 'BestEffort') extra = [...extra, MEMORY_PRESSURE];
    if (extra.length) spec['tolerations'] = mergeTolerations(spec['tolerations'] ?? [], extra);
    const verdict = this.validate(attributes);
    return verdict === ACCEPTED && extra.length
      ? changed('TOLERATIONS_ADDED', { keys: extra.map(({ key }) => key ?? '') })
      : verdict;
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const tolerations: Fields[] = attributes.object?.['spec']?.tolerations ?? [];
    if (attributes.subresource !== '' || tolerations.length === 0) return ACCEPTED;
    const own = this.#annotation(attributes.namespace, ALLOWED);
    if (own && 'outcome' in own) return own;
    const allowed = own?.tolerations ?? this.#configuration.whitelist;
    if (withinTolerations(tolerations, allowed)) return ACCEPTED;
    return fail('TOLERATION_NOT_ALLOWED', { by: own ? 'namespace' : 'cluster' });
  }

  /** What an annotation of the namespace lists; undefined where there is none. */
  #annotation(namespace: string, name: string): { tolerations: Fields[] } | PluginVerdict | undefined {
    const found = this.#namespaces.get('', namespace);
    if (!found)
      return refuse(
        'NAMESPACE_MISSING',
        { namespace },
        notFoundError({ group: '', resource: 'namespaces' }, namespace),
      );
    const text = found.metadata.annotations?.[name];
    if (text === undefined) return undefined;
    if (text === '') return { tolerations: [] };
    try {
      const value: unknown = JSON.parse(text);
      if (value === null) return undefined;
      if (Array.isArray(value) && value.every((item) => item !== null && typeof item === 'object'))
        return { tolerations: value };
    } catch {
      // Told below.
    }
    return fail('TOLERATIONS_UNREADABLE', { annotation: name });
  }
}
