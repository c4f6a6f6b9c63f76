import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  duplicate,
  type FieldError,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { dns1123Subdomain } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { MANDATORY_FLOW_SCHEMAS } from './bootstrap.ts';
import { ruleErrors } from './flow-schema-rules.ts';

const METHODS = ['ByNamespace', 'ByUser'];

/** Types are there, and once. */
export function conditionErrors(object: KubeObject): FieldError[] {
  const types = new Set<string>();
  return ((object['status']?.conditions ?? []) as Fields[]).flatMap((condition, i) => {
    const at = child(index('status.conditions', i), 'type');
    const type: string = condition['type'] ?? '';
    const errors = types.has(type) ? [duplicate(at, type)] : [];
    types.add(type);
    return type === '' ? [...errors, required(at)] : errors;
  });
}

function validate(object: KubeObject): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const name = object.metadata.name ?? '';
  const errors: FieldError[] = [];
  const precedence: number = spec['matchingPrecedence'] ?? 0;
  const refuse = (why: string) => errors.push(invalid('spec.matchingPrecedence', precedence, why));
  if (precedence <= 0) refuse('must be a positive value');
  if (precedence > 10_000) refuse('must not be greater than 10000');
  if (precedence === 1 && name !== 'exempt')
    refuse("only the schema named 'exempt' may have matchingPrecedence 1");
  const method: Fields | undefined = spec['distinguisherMethod'];
  if (method && !METHODS.includes(method['type']))
    errors.push(notSupported('spec.distinguisherMethod.type', { Type: method['type'] ?? '' }, METHODS));
  const level: string = spec['priorityLevelConfiguration']?.name ?? '';
  const at = 'spec.priorityLevelConfiguration.name';
  errors.push(...(level ? dns1123Subdomain(level, at) : [required(at, 'must reference a priority level')]));
  ((spec['rules'] ?? []) as Fields[]).forEach((rule, i) => {
    errors.push(...ruleErrors(rule, index('spec.rules', i)));
  });
  const fixed = MANDATORY_FLOW_SCHEMAS.find((schema) => schema.metadata.name === name);
  if (fixed && !deepEqual(spec, fixed['spec']))
    errors.push(invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
  return [...errors, ...conditionErrors(object)];
}

/** pkg/registry/flowcontrol/flowschema/strategy.go. */
export const flowschemas: Strategy = {
  defaults(object) {
    object['spec'] ??= {};
    object['spec'].matchingPrecedence ||= 1000;
  },
  prepareForCreate(object) {
    object['status'] = {};
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate,
  validateUpdate: validate,
  generation: true,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate: conditionErrors,
  },
  row(object, now) {
    const conditions: Fields[] = object['status']?.conditions ?? [];
    return [
      object.metadata.name ?? '',
      object['spec']?.priorityLevelConfiguration?.name ?? '',
      object['spec']?.matchingPrecedence ?? 0,
      object['spec']?.distinguisherMethod?.type ?? '<none>',
      age(object, now),
      conditions.find((condition) => condition['type'] === 'Dangling')?.['status'] ?? '?',
    ];
  },
};
