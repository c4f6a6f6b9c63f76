import {
  child,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../meta/field-error.ts';
import { dns1123SubdomainFaults, nameIsDnsLabel, regexFault } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { immutable } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { typedReferenceErrors } from './ingress-validation.ts';

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH_PATTERN = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;
const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

/** `example.com/name` (validation.IsDomainPrefixedPath). */
function domainPrefixedPath(text: string, path: string): FieldError[] {
  if (text === '') return [required(path)];
  const slash = text.indexOf('/');
  const host = text.slice(0, Math.max(slash, 0));
  const rest = text.slice(slash + 1);
  if (slash < 0 || host === '' || rest === '')
    return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = dns1123SubdomainFaults(host).map((fault) => invalid(path, host, fault));
  if (!PATH_PATTERN.test(rest)) errors.push(invalid(path, rest, regexFault('Invalid path', PATH)));
  return errors;
}

function parametersErrors(parameters: Fields, path: string): FieldError[] {
  const errors = typedReferenceErrors(parameters, path);
  const { scope, namespace } = parameters;
  const at = child(path, 'namespace');
  if (scope === undefined) errors.push(required(child(path, 'scope')));
  else if (scope !== 'Cluster' && scope !== 'Namespace')
    errors.push(notSupported(child(path, 'scope'), scope, ['Cluster', 'Namespace']));
  else if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(required(at, "`parameters.scope` is set to 'Namespace'"));
    else for (const fault of nameIsDnsLabel(namespace, false)) errors.push(invalid(at, namespace, fault));
  } else if (namespace !== undefined) errors.push(forbidden(at, "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const controller: string = spec['controller'] ?? '';
  const errors: FieldError[] = [];
  if (Buffer.byteLength(controller) > 250) errors.push(tooLong('spec.controller', 250));
  errors.push(...domainPrefixedPath(controller, 'spec.controller'));
  if (spec['parameters']) errors.push(...parametersErrors(spec['parameters'], 'spec.parameters'));
  return errors;
}

/** pkg/registry/networking/ingressclass/strategy.go. */
export const ingressclasses: Strategy = {
  defaults(object) {
    if (object['spec']?.parameters) object['spec'].parameters.scope ??= 'Cluster';
  },
  validate,
  validateUpdate: (object, old) => [
    ...immutable(object['spec']?.controller ?? '', old['spec']?.controller ?? '', 'spec.controller'),
    ...validate(object),
  ],
  generation: true,
  row(object, now) {
    const parameters: Fields | undefined = object['spec']?.parameters;
    const group = parameters?.['apiGroup'] === undefined ? '' : `.${parameters['apiGroup']}`;
    const isDefault = object.metadata.annotations?.[DEFAULT] === 'true';
    return [
      `${object.metadata.name ?? ''}${isDefault ? ' (default)' : ''}`,
      object['spec']?.controller ?? '',
      parameters ? `${parameters['kind'] ?? ''}${group}/${parameters['name'] ?? ''}` : '<none>',
      age(object, now),
    ];
  },
};
