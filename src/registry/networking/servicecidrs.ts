import { type FieldError, index, invalid, required } from '../../meta/field-error.ts';
import { parseCidr } from '../../meta/ip.ts';
import type { KubeObject } from '../../meta/object.ts';
import { canonicalCidr } from '../field-validation.ts';
import { keepMetadata } from '../status-metadata.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';

const PATH = 'spec.cidrs';
const IMMUTABLE = 'field is immutable';
const cidrsOf = (object: KubeObject): string[] => object['spec']?.cidrs ?? [];

function validate(object: KubeObject): FieldError[] {
  const cidrs = cidrsOf(object);
  if (!cidrs.length) return [required(PATH, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(PATH, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, i) => canonicalCidr(cidr, index(PATH, i)));
  const widths = cidrs.map((cidr) => parseCidr(cidr)?.network.length);
  if (cidrs.length === 2 && widths[0] !== undefined && widths[0] === widths[1])
    errors.push(
      invalid(
        PATH,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    );
  return errors;
}

/** pkg/registry/networking/servicecidr/strategy.go: a second family may come, nothing else may change. */
export const servicecidrs: Strategy = {
  prepareForCreate(object) {
    object['status'] = {};
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate,
  validateUpdate(object, old) {
    const now = cidrsOf(object);
    const before = cidrsOf(old);
    if (now.length === before.length)
      return now.flatMap((cidr, i) => (cidr === before[i] ? [] : [invalid(index(PATH, i), cidr, IMMUTABLE)]));
    if (before.length !== 1 || now.length !== 2)
      return [invalid(PATH, object['spec']?.cidrs ?? null, IMMUTABLE)];
    const first = now[0] === before[0] ? [] : [invalid(index(PATH, 0), now[0], IMMUTABLE)];
    return [...first, ...validate(object)];
  },
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
      keepMetadata(object, old);
    },
    validateUpdate: () => [],
  },
  row: (object, now) => [object.metadata.name ?? '', cidrsOf(object).join(','), age(object, now)],
};
