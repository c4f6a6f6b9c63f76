import { deepEqual } from '../../meta/deep-equal.ts';
import {
  child,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { MANDATORY_PRIORITY_LEVELS } from './bootstrap.ts';
import { conditionErrors } from './flowschemas.ts';

const PRESERVE_ZERO = 'flowcontrol.k8s.io/preserve-zero-concurrency-shares';
const MAX_QUEUES = 10_000_000;
const MAX_HASH_BITS = 60;

/** How many bits of a hash deal a hand of so many cards (shufflesharding.RequiredEntropyBits). */
function entropyBits(deck: number, hand: number): number {
  let bits = 0;
  for (let i = 0; i < hand; i++) bits += Math.log2(deck - i);
  return Math.ceil(bits);
}

function sharesErrors(of: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { nominalConcurrencyShares: shares, lendablePercent: lendable } = of;
  if (shares !== undefined && shares < 0)
    errors.push(invalid(child(path, 'nominalConcurrencyShares'), shares, 'must be a non-negative integer'));
  if (lendable !== undefined && (lendable < 0 || lendable > 100))
    errors.push(invalid(child(path, 'lendablePercent'), lendable, 'must be between 0 and 100, inclusive'));
  return errors;
}

function queuingErrors(queuing: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const refuse = (field: string, value: number, why: string) =>
    errors.push(invalid(child(path, field), value, why));
  if (queueLengthLimit <= 0) refuse('queueLengthLimit', queueLengthLimit, 'must be positive');
  if (queues <= 0) refuse('queues', queues, 'must be positive');
  else if (queues > MAX_QUEUES) refuse('queues', queues, `must not be greater than ${MAX_QUEUES}`);
  if (handSize <= 0) refuse('handSize', handSize, 'must be positive');
  else if (handSize > queues) refuse('handSize', handSize, `should not be greater than queues (${queues})`);
  else if (entropyBits(queues, Math.min(handSize, MAX_HASH_BITS + 1)) > MAX_HASH_BITS)
    refuse(
      'handSize',
      handSize,
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`,
    );
  return errors;
}

function limitedErrors(limited: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { nominalConcurrencyShares: shares } = limited;
  if (shares !== undefined && shares < 0)
    errors.push(invalid(child(path, 'nominalConcurrencyShares'), shares, 'must be a non-negative integer'));
  const response: Fields = limited['limitResponse'] ?? {};
  const at = child(path, 'limitResponse');
  const queuing = child(at, 'queuing');
  if (response['type'] === 'Reject') {
    if (response['queuing'])
      errors.push(forbidden(queuing, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (response['type'] === 'Queue')
    errors.push(
      ...(response['queuing']
        ? queuingErrors(response['queuing'], queuing)
        : [required(queuing, 'must not be empty if limited.limitResponse.type is Limited')]),
    );
  else errors.push(notSupported(child(at, 'type'), response['type'] ?? '', ['Queue', 'Reject']));
  errors.push(...sharesErrors({ lendablePercent: limited['lendablePercent'] }, path));
  const borrowing: number | undefined = limited['borrowingLimitPercent'];
  if (borrowing !== undefined && borrowing < 0)
    errors.push(
      invalid(
        child(path, 'borrowingLimitPercent'),
        borrowing,
        'if specified, must be a non-negative integer',
      ),
    );
  return errors;
}

function specErrors(name: string, spec: Fields): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = spec['type'] ?? '';
  const { limited, exempt } = spec;
  if ((name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (type === 'Exempt') {
    if (limited) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'));
    if (exempt) errors.push(...sharesErrors(exempt, 'spec.exempt'));
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
    errors.push(
      ...(limited
        ? limitedErrors(limited, 'spec.limited')
        : [required('spec.limited', 'must not be empty when type is Limited')]),
    );
  } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']));
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const name = object.metadata.name ?? '';
  const spec: Fields = object['spec'] ?? {};
  const errors: FieldError[] = [];
  if (object.metadata.annotations?.[PRESERVE_ZERO] !== undefined)
    errors.push(forbidden('metadata.annotations', `annotation '${PRESERVE_ZERO}' is forbidden`));
  errors.push(...specErrors(name, spec));
  const fixed = MANDATORY_PRIORITY_LEVELS.find((level) => level.metadata.name === name);
  if (fixed) {
    const free = name === 'exempt';
    const comparable = free ? { ...spec, exempt: fixed['spec'].exempt } : spec;
    if (!deepEqual(comparable, fixed['spec']))
      errors.push(
        invalid(
          'spec',
          spec,
          `spec of '${name}'${free ? " except the 'spec.exempt' field" : ''} must equal the fixed value`,
        ),
      );
  }
  return [...errors, ...conditionErrors(object)];
}

/** pkg/registry/flowcontrol/prioritylevelconfiguration/strategy.go. */
export const prioritylevelconfigurations: Strategy = {
  defaults(object) {
    const spec: Fields = object['spec'] ?? {};
    const queuing: Fields | undefined = spec['limited']?.limitResponse?.queuing;
    if (spec['exempt']) {
      spec['exempt'].nominalConcurrencyShares ??= 0;
      spec['exempt'].lendablePercent ??= 0;
    }
    if (spec['limited']) {
      spec['limited'].nominalConcurrencyShares ??= 30;
      spec['limited'].lendablePercent ??= 0;
    }
    if (queuing) {
      queuing['handSize'] ||= 8;
      queuing['queues'] ||= 64;
      queuing['queueLengthLimit'] ||= 50;
    }
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
    const limited: Fields | undefined = object['spec']?.limited;
    const queuing: Fields | undefined = limited?.['limitResponse']?.queuing;
    return [
      object.metadata.name ?? '',
      object['spec']?.type ?? '',
      limited?.['nominalConcurrencyShares'] ?? '<none>',
      queuing?.['queues'] ?? '<none>',
      queuing?.['handSize'] ?? '<none>',
      queuing?.['queueLengthLimit'] ?? '<none>',
      age(object, now),
    ];
  },
};
