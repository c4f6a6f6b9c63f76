import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { dns1123SubdomainFaults, nameIsDnsLabel } from '../../meta/names.ts';
import type { Fields } from '../../meta/object.ts';

/** Checks of a FlowSchema's rules (pkg/apis/flowcontrol/validation/validation.go). */

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
/** Kind of a subject → the field that holds it, in the order in which the others are refused. */
const SUBJECTS: Readonly<Record<string, string>> = {
  Group: 'group',
  ServiceAccount: 'serviceAccount',
  User: 'user',
};
const KINDS: Readonly<Record<string, string>> = {
  group: 'Group',
  serviceAccount: 'ServiceAccount',
  user: 'User',
};

function subjectErrors(subject: Fields, path: string): FieldError[] {
  const kind: string = subject['kind'] ?? '';
  const field = SUBJECTS[kind];
  if (!field) return [notSupported(child(path, 'kind'), kind, Object.keys(SUBJECTS))];
  const errors: FieldError[] = [];
  const at = child(path, field);
  const named: Fields | undefined = subject[field];
  if (!named) errors.push(required(at, `${field} is required when subject kind is '${kind}'`));
  else {
    const { name = '', namespace = '' } = named;
    if (name === '') errors.push(required(child(at, 'name')));
    if (field === 'serviceAccount') {
      if (name !== '' && name !== '*')
        for (const fault of dns1123SubdomainFaults(name))
          errors.push(invalid(child(at, 'name'), name, fault));
      if (namespace === '')
        errors.push(required(child(at, 'namespace'), 'must specify namespace for service account'));
      else
        for (const fault of nameIsDnsLabel(namespace, false))
          errors.push(invalid(child(at, 'namespace'), namespace, fault));
    }
  }
  for (const other of field === 'user'
    ? ['serviceAccount', 'group']
    : field === 'group'
      ? ['serviceAccount', 'user']
      : ['user', 'group'])
    if (subject[other])
      errors.push(
        forbidden(child(path, other), `${other} is forbidden when subject kind is not '${KINDS[other]}'`),
      );
  return errors;
}

function verbErrors(verbs: readonly string[], path: string): FieldError[] {
  if (!verbs.length) return [required(path, 'verbs must contain at least one value')];
  if (verbs.includes('*'))
    return verbs.length > 1 ? [invalid(path, verbs, "if '*' is present, must not specify other verbs")] : [];
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(path, verbs, VERBS)];
}

/** A list that has an entry, and no other beside `*`. */
function listErrors(list: readonly string[], path: string, missing: string, others: string): FieldError[] {
  if (!list.length) return [required(path, missing)];
  if (list.length > 1 && list.includes('*'))
    return [invalid(path, list, `if '*' is present, must not specify other ${others}`)];
  return [];
}

function resourceRuleErrors(rule: Fields, path: string): FieldError[] {
  const namespaces: string[] = rule['namespaces'] ?? [];
  const at = child(path, 'namespaces');
  const errors = [
    ...verbErrors(rule['verbs'] ?? [], child(path, 'verbs')),
    ...listErrors(
      rule['apiGroups'] ?? [],
      child(path, 'apiGroups'),
      'resource rules must supply at least one api group',
      'api groups',
    ),
    ...listErrors(
      rule['resources'] ?? [],
      child(path, 'resources'),
      'resource rules must supply at least one resource',
      'resources',
    ),
  ];
  if (!namespaces.length && !rule['clusterScope'])
    errors.push(
      required(at, 'resource rules that are not cluster scoped must supply at least one namespace'),
    );
  else if (namespaces.includes('*')) {
    if (namespaces.length > 1)
      errors.push(invalid(at, namespaces, "if '*' is present, must not specify other namespaces"));
  } else
    namespaces.forEach((namespace, i) => {
      for (const fault of nameIsDnsLabel(namespace, false))
        errors.push(
          invalid(
            index(at, i),
            namespace,
            `each member of this list must be '*' or a DNS-1123 label; ${fault}`,
          ),
        );
    });
  return errors;
}

function urlFault(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*'))
    ? 'wildcard can only do suffix matching'
    : undefined;
}

function nonResourceRuleErrors(rule: Fields, path: string): FieldError[] {
  const urls: string[] = rule['nonResourceURLs'] ?? [];
  const at = child(path, 'nonResourceURLs');
  const errors = verbErrors(rule['verbs'] ?? [], child(path, 'verbs'));
  if (!urls.length || urls.includes('*'))
    return [
      ...errors,
      ...listErrors(urls, at, 'nonResourceURLs must contain at least one value', 'non-resource URLs'),
    ];
  urls.forEach((url, i) => {
    const fault = urlFault(url);
    if (fault) errors.push(invalid(index(at, i), url, fault));
  });
  return errors;
}

export function ruleErrors(rule: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const subjects: Fields[] = rule['subjects'] ?? [];
  const onResources: Fields[] = rule['resourceRules'] ?? [];
  const onUrls: Fields[] = rule['nonResourceRules'] ?? [];
  if (!subjects.length)
    errors.push(required(child(path, 'subjects'), 'subjects must contain at least one value'));
  subjects.forEach((subject, i) => {
    errors.push(...subjectErrors(subject, index(child(path, 'subjects'), i)));
  });
  if (!onResources.length && !onUrls.length)
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  onResources.forEach((r, i) => {
    errors.push(...resourceRuleErrors(r, index(child(path, 'resourceRules'), i)));
  });
  onUrls.forEach((r, i) => {
    errors.push(...nonResourceRuleErrors(r, index(child(path, 'nonResourceRules'), i)));
  });
  return errors;
}
