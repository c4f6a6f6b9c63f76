import { child, type FieldError, index, invalid, notSupported, required } from '../../meta/field-error.ts';
import { dns1123SubdomainFaults, pathSegmentFaults } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';
import type { Cell, Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const GROUP = 'rbac.authorization.k8s.io';

interface Ref {
  apiGroup?: string;
  kind?: string;
  name?: string;
}

interface Subject extends Ref {
  namespace?: string;
}

/** RoleBinding and ClusterRoleBinding (pkg/registry/rbac/<kind>/strategy.go), which differ by what they may refer to. */
function binding(roleKinds: readonly string[], namespaced: boolean): Strategy {
  const validate = (object: KubeObject): FieldError[] => [
    ...validateRoleRef(object['roleRef'] ?? {}, roleKinds),
    ...((object['subjects'] ?? []) as Subject[]).flatMap((s, i) =>
      validateSubject(s, namespaced, index('subjects', i)),
    ),
  ];
  return {
    allowCreateOnUpdate: true,
    validateName: (name) => pathSegmentFaults(name),
    defaults: setDefaults,
    validate,
    validateUpdate: (object, old) => [
      ...validate(object),
      ...validateSameRole(object['roleRef'] ?? {}, old['roleRef'] ?? {}),
    ],
    row,
  };
}

export const roleBinding = binding(['Role', 'ClusterRole'], true);
export const clusterRoleBinding = binding(['ClusterRole'], false);

function setDefaults(object: KubeObject): void {
  const roleRef: Ref = object['roleRef'] ?? {};
  object['roleRef'] = {
    ...roleRef,
    apiGroup: roleRef.apiGroup || GROUP,
    kind: roleRef.kind ?? '',
    name: roleRef.name ?? '',
  };
  const subjects: Subject[] | null | undefined = object['subjects'];
  if (!subjects?.length) delete object['subjects'];
  for (const subject of subjects ?? []) {
    if (subject.apiGroup) continue;
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup = GROUP;
    else delete subject.apiGroup;
  }
}

function validateRoleRef(
  { apiGroup = '', kind = '', name = '' }: Ref,
  roleKinds: readonly string[],
): FieldError[] {
  const errors: FieldError[] = [];
  if (apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', apiGroup, [GROUP]));
  if (!roleKinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, roleKinds));
  if (name === '') errors.push(required('roleRef.name'));
  else for (const words of pathSegmentFaults(name)) errors.push(invalid('roleRef.name', name, words));
  return errors;
}

function validateSubject(subject: Subject, namespaced: boolean, path: string): FieldError[] {
  const { apiGroup = '', kind = '', name = '', namespace = '' } = subject;
  const errors: FieldError[] = [];
  const group = (supported: string): void => {
    if (apiGroup !== supported) errors.push(notSupported(child(path, 'apiGroup'), apiGroup, [supported]));
  };
  if (name === '') errors.push(required(child(path, 'name')));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '')
        errors.push(
          ...dns1123SubdomainFaults(name).map((words) => invalid(child(path, 'name'), name, words)),
        );
      group('');
      if (!namespaced && namespace === '') errors.push(required(child(path, 'namespace')));
      break;
    case 'User':
    case 'Group':
      group(GROUP);
      break;
    default:
      errors.push(notSupported(child(path, 'kind'), kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

function validateSameRole(now: Ref, before: Ref): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = now;
  if (apiGroup === before.apiGroup && kind === before.kind && name === before.name) return [];
  // The internal type's fields bear no JSON names, so Go shows them as they are.
  return [invalid('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}

function row(object: KubeObject, now: number): Cell[] {
  const subjects: Subject[] = object['subjects'] ?? [];
  const of = (kind: string): string[] => subjects.filter((s) => s.kind === kind).map((s) => s.name ?? '');
  const accounts = subjects
    .filter((s) => s.kind === 'ServiceAccount')
    .map((s) => `${s.namespace ?? ''}/${s.name ?? ''}`);
  const { kind = '', name = '' }: Ref = object['roleRef'] ?? {};
  return [
    object.metadata.name ?? '',
    `${kind}/${name}`,
    age(object, now),
    of('User').join(', '),
    of('Group').join(', '),
    accounts.join(', '),
  ];
}
