import { invalid } from '../../meta/field-error.ts';
import { quote } from '../../meta/go-quote.ts';
import type { Fields } from '../../meta/object.ts';
import { loadBalancerPoints } from '../core/services.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import {
  ingressSpecErrors,
  ingressStatusErrors,
  ruleErrors,
  STRICT,
  secretNameFaults,
} from './ingress-validation.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

function hostsCell(rules: readonly Fields[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const rule of rules) {
    if (hosts.length === 3) more = true;
    if (!more && rule['host']) hosts.push(rule['host']);
  }
  if (!hosts.length) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - 3} more...` : hosts.join(',');
}

/** pkg/registry/networking/ingress/strategy.go. */
export const ingresses: Strategy = {
  prepareForCreate(object) {
    object['status'] = { loadBalancer: {} };
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate(object) {
    const spec: Fields = object['spec'] ?? {};
    const errors = ingressSpecErrors(spec, 'spec', STRICT);
    const annotation = object.metadata.annotations?.[CLASS_ANNOTATION];
    const name: string | undefined = spec['ingressClassName'];
    if (annotation !== undefined && name !== undefined && annotation !== name)
      errors.push(
        invalid(
          `annotations.${CLASS_ANNOTATION}`,
          annotation,
          'must match `ingressClassName` when both are specified',
        ),
      );
    return errors;
  },
  validateUpdate(object, old) {
    const before: Fields = old['spec'] ?? {};
    const rules: Fields[] = before['rules'] ?? [];
    return ingressSpecErrors(object['spec'] ?? {}, 'spec', {
      allowInvalidSecretName: ((before['tls'] ?? []) as Fields[]).some(
        (tls) => secretNameFaults(tls['secretName']).length > 0,
      ),
      allowInvalidWildcardRule: rules.some(
        (rule) => rule['host']?.includes('*') && ruleErrors(rule, '').length > 0,
      ),
    });
  },
  warnings: (object, old) =>
    !old &&
    object.metadata.annotations?.[CLASS_ANNOTATION] !== undefined &&
    object['spec']?.ingressClassName === undefined
      ? [`annotation ${quote(CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  generation: true,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate: (object, old) =>
      ingressStatusErrors(object['status']?.loadBalancer, old['status']?.loadBalancer),
  },
  row: (object, now) => [
    object.metadata.name ?? '',
    object['spec']?.ingressClassName ?? '<none>',
    hostsCell(object['spec']?.rules ?? []),
    loadBalancerPoints(object['status']?.loadBalancer),
    object['spec']?.tls?.length ? '80, 443' : '80',
    age(object, now),
  ],
};
