import type { Clock } from '../../meta/clock.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import { aggregateText, errorText } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import { type Fields, type KubeObject, qualified } from '../../meta/object.ts';
import { internalError, invalidError } from '../../meta/status.ts';
import type { Lister } from '../../registry/lister.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from '../plugin.ts';
import { forbid, nameOf, refuse } from '../refusal.ts';
import type { PodSecurityConfiguration } from './configuration.ts';
import type { Violation } from './control.ts';
import { violations, violationsText } from './evaluator.ts';
import { existingPodsWarnings } from './existing-pods.ts';
import {
  compareLevels,
  isEquivalent,
  isFullyPrivileged,
  LABEL_PREFIX,
  type LevelVersion,
  levelText,
  MODES,
  type PodSecurityPolicy,
  policyOf,
  same,
} from './level.ts';

export interface PodSecurityParts {
  namespaces: Lister;
  pods: Lister;
  configuration: PodSecurityConfiguration;
  clock: Clock;
}

/** Subresources of pods that do not change what a pod is. */
const IGNORED = ['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'];

/** Where a kind keeps the template of the pods it makes. */
const TEMPLATES: Readonly<Record<string, (object: KubeObject) => Fields | undefined>> = {
  podtemplates: ({ template }) => template,
  replicationcontrollers: ({ spec }) => spec?.template,
  'replicasets.apps': ({ spec }) => spec?.template,
  'deployments.apps': ({ spec }) => spec?.template,
  'statefulsets.apps': ({ spec }) => spec?.template,
  'daemonsets.apps': ({ spec }) => spec?.template,
  'jobs.batch': ({ spec }) => spec?.template,
  'cronjobs.batch': ({ spec }) => spec?.jobTemplate?.spec?.template,
};

/**
 * Holds pods to the Pod Security Standards that their namespace's labels ask for: refuses, notes for the audit or warns, each
 * at its own level and version. What makes pods is warned of, never refused (k8s.io/pod-security-admission).
 */
export class PodSecurity implements AdmissionPlugin {
  readonly name = 'PodSecurity';
  readonly resources: readonly string[] = ['pods', 'namespaces', ...Object.keys(TEMPLATES)];
  readonly #parts: PodSecurityParts;
  readonly #exempt: Readonly<Record<'users' | 'namespaces' | 'runtimeClasses', ReadonlySet<string>>>;

  constructor(parts: PodSecurityParts) {
    this.#parts = parts;
    const { exemptions } = parts.configuration;
    this.#exempt = {
      users: new Set(exemptions.usernames),
      namespaces: new Set(exemptions.namespaces),
      runtimeClasses: new Set(exemptions.runtimeClasses),
    };
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    const resource = qualified(attributes.resource);
    if (resource === 'namespaces') return this.#namespace(attributes);
    return resource === 'pods' ? this.#pod(attributes) : this.#controller(attributes, resource);
  }

  #policy(namespace: KubeObject | undefined): ReturnType<typeof policyOf> {
    return policyOf(namespace?.metadata.labels, this.#parts.configuration.defaults);
  }

  #namespace(attributes: AdmissionAttributes): PluginVerdict {
    const { object, oldObject, operation, subresource, kind } = attributes;
    if (subresource !== '' || !object) return ACCEPTED;
    const { policy, errors } = this.#policy(object);
    const name = nameOf(attributes);
    const invalid = (): PluginVerdict =>
      refuse('POD_SECURITY_LABELS', { errors: errors.map(errorText) }, invalidError(kind, name, errors));
    if (operation === 'CREATE') {
      if (errors.length) return invalid();
      if (this.#exempt.namespaces.has(name)) this.#warnOfExemption(attributes, policy);
      return ACCEPTED;
    }
    const before = this.#policy(oldObject);
    // A label that has been wrong may stay so.
    if (errors.length && !deepEqual(errors, before.errors)) return invalid();
    const { enforce } = policy;
    const old = before.policy.enforce;
    if (same(enforce, old) || enforce.level === 'privileged') return ACCEPTED;
    if (enforce.version === old.version && compareLevels(enforce.level, old.level) < 1) return ACCEPTED;
    if (this.#exempt.namespaces.has(name)) this.#warnOfExemption(attributes, policy);
    else {
      const pods = this.#parts.pods.list(name).filter((pod) => !this.#isExemptClass(pod['spec']));
      for (const text of existingPodsWarnings(name, pods, enforce, this.#parts.clock)) attributes.warn(text);
    }
    return ACCEPTED;
  }

  #warnOfExemption(attributes: AdmissionAttributes, policy: PodSecurityPolicy): void {
    if (isFullyPrivileged(policy) || isEquivalent(policy, this.#parts.configuration.defaults)) return;
    const labels = attributes.object!.metadata.labels ?? {};
    const set = MODES.filter((mode) => {
      const label = `${LABEL_PREFIX}${mode}`;
      const given = labels[label] !== undefined || labels[`${label}-version`] !== undefined;
      return given && policy[mode].level !== 'privileged';
    }).map((mode) => `${mode}=${levelText(policy[mode])}`);
    attributes.warn(
      `namespace ${quote(nameOf(attributes))} is exempt from Pod Security, and the policy (${set.join(', ')}) will be ignored`,
    );
  }

  /** Whether who asks, or where, is exempt; says so to the audit. */
  #isExempt({ namespace, user, annotate }: AdmissionAttributes): boolean {
    const by = this.#exempt.namespaces.has(namespace)
      ? 'namespace'
      : this.#exempt.users.has(user.name)
        ? 'user'
        : undefined;
    if (by) annotate(`${LABEL_PREFIX}exempt`, by);
    return by !== undefined;
  }

  #isExemptClass(spec: Fields | undefined): boolean {
    return this.#exempt.runtimeClasses.has(spec?.['runtimeClassName'] ?? '');
  }

  #pod(attributes: AdmissionAttributes): PluginVerdict {
    const { namespace, object, oldObject, operation, subresource, annotate } = attributes;
    if (IGNORED.includes(subresource) || this.#isExempt(attributes)) return ACCEPTED;
    const found = this.#parts.namespaces.get('', namespace);
    if (!found) {
      const why = `failed to lookup namespace ${quote(namespace)}`;
      annotate(
        `${LABEL_PREFIX}error`,
        `Internal error occurred: ${why}: namespaces ${quote(namespace)} not found`,
      );
      return refuse('POD_SECURITY_NAMESPACE', { namespace }, internalError(why));
    }
    const { policy, errors } = this.#policy(found);
    if (errors.length === 0 && isFullyPrivileged(policy)) {
      annotate(`${LABEL_PREFIX}enforce-policy`, 'privileged:latest');
      return ACCEPTED;
    }
    if (operation === 'UPDATE' && oldObject && !hasOtherImages(object!, oldObject)) return ACCEPTED;
    return this.#evaluate(attributes, object as Fields, policy, errors.map(errorText), true);
  }

  #controller(attributes: AdmissionAttributes, resource: string): PluginVerdict {
    const { namespace, object, subresource, annotate } = attributes;
    if (subresource !== '' || this.#isExempt(attributes)) return ACCEPTED;
    const found = this.#parts.namespaces.get('', namespace);
    if (!found) {
      annotate(
        `${LABEL_PREFIX}error`,
        `failed to lookup namespace ${quote(namespace)}: namespaces ${quote(namespace)} not found`,
      );
      return ACCEPTED;
    }
    const { policy, errors } = this.#policy(found);
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged')
      return ACCEPTED;
    const template = TEMPLATES[resource]!(object!);
    return template ? this.#evaluate(attributes, template, policy, errors.map(errorText), false) : ACCEPTED;
  }

  #evaluate(
    attributes: AdmissionAttributes,
    pod: Fields,
    policy: PodSecurityPolicy,
    errors: readonly string[],
    enforced: boolean,
  ): PluginVerdict {
    const { annotate, warn } = attributes;
    if (this.#isExemptClass(pod['spec'])) {
      annotate(`${LABEL_PREFIX}exempt`, 'runtimeClass');
      return ACCEPTED;
    }
    if (errors.length) annotate(`${LABEL_PREFIX}error`, `Failed to parse policy: ${aggregateText(errors)}`);
    const known = new Map<string, Violation[]>();
    const against = (wanted: LevelVersion): Violation[] => {
      const key = levelText(wanted);
      let found = known.get(key);
      if (!found) {
        found = violations(wanted, pod);
        known.set(key, found);
      }
      return found;
    };
    const would = (wanted: LevelVersion, found: Violation[]): string =>
      `would violate PodSecurity ${quote(levelText(wanted))}: ${violationsText(found)}`;

    if (enforced) annotate(`${LABEL_PREFIX}enforce-policy`, levelText(policy.enforce));
    const audited = against(policy.audit);
    if (audited.length) annotate(`${LABEL_PREFIX}audit-violations`, would(policy.audit, audited));
    const broken = enforced ? against(policy.enforce) : [];
    if (broken.length)
      return forbid(attributes, 'POD_SECURITY_VIOLATED', {
        policy: levelText(policy.enforce),
        violations: violationsText(broken),
      });
    const warned = against(policy.warn);
    if (warned.length) warn(would(policy.warn, warned));
    return ACCEPTED;
  }
}

/** Whether an update brings in anything to run that was not there; all else of a running pod stays as it was let in. */
function hasOtherImages(pod: KubeObject, old: KubeObject): boolean {
  for (const list of ['containers', 'initContainers']) {
    const now: Fields[] = pod['spec']?.[list] ?? [];
    const before: Fields[] = old['spec']?.[list] ?? [];
    if (now.length !== before.length) return true;
    if (now.some((container, i) => container['image'] !== before[i]!['image'])) return true;
  }
  const before: Fields[] = old['spec']?.ephemeralContainers ?? [];
  const now: Fields[] = pod['spec']?.ephemeralContainers ?? [];
  return now.some(
    (container) => before.find(({ name }) => name === container['name'])?.['image'] !== container['image'],
  );
}
