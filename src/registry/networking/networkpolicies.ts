import {
  child,
  type FieldError,
  forbidden,
  index,
  invalid,
  notSupported,
  required,
} from '../../meta/field-error.ts';
import { cidrContains, parseCidr } from '../../meta/ip.ts';
import { labelSelectorErrors } from '../../meta/label-selector.ts';
import { portNameFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { cidrWarnings, legacyCidr, portNumber } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age, formatLabelSelector } from '../table-cells.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

interface Options {
  lenientSelectors: boolean;
  /** Blocks that stand in the stored policy and so may stay, valid or not. */
  oldCidrs: readonly string[];
}

function portErrors(port: Fields, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { protocol, port: number, endPort } = port;
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    errors.push(notSupported(child(path, 'protocol'), protocol, PROTOCOLS));
  const end = child(path, 'endPort');
  if (typeof number === 'number') {
    errors.push(...portNumber(number, child(path, 'port')));
    if (endPort !== undefined) {
      if (endPort < number) errors.push(invalid(end, number, 'must be greater than or equal to `port`'));
      errors.push(...portNumber(endPort, end));
    }
  } else if (typeof number === 'string') {
    if (endPort !== undefined)
      errors.push(invalid(end, endPort, 'may not be specified when `port` is non-numeric'));
    for (const fault of portNameFaults(number)) errors.push(invalid(child(path, 'port'), number, fault));
  } else if (endPort !== undefined)
    errors.push(invalid(end, endPort, 'may not be specified when `port` is not specified'));
  return errors;
}

function blockErrors(block: Fields, path: string, options: Options): FieldError[] {
  const text: string = block['cidr'] ?? '';
  if (text === '') return [required(child(path, 'cidr'))];
  const errors = legacyCidr(text, child(path, 'cidr'), options.oldCidrs);
  const cidr = parseCidr(text);
  if (!cidr) return errors;
  ((block['except'] ?? []) as string[]).forEach((exception, i) => {
    const at = index(child(path, 'except'), i);
    errors.push(...legacyCidr(exception, at, options.oldCidrs));
    const part = parseCidr(exception);
    if (part && (!cidrContains(cidr, part.network) || cidr.prefix >= part.prefix))
      errors.push(invalid(at, exception, 'must be a strict subset of `cidr`'));
  });
  return errors;
}

function peerErrors(peer: Fields, path: string, options: Options): FieldError[] {
  const errors: FieldError[] = [];
  const selectors = ['podSelector', 'namespaceSelector'].filter((field) => peer[field]);
  for (const field of selectors)
    errors.push(...labelSelectorErrors(peer[field], child(path, field), options.lenientSelectors));
  if (peer['ipBlock']) {
    errors.push(...blockErrors(peer['ipBlock'], child(path, 'ipBlock'), options));
    if (selectors.length) errors.push(forbidden(path, 'may not specify both ipBlock and another peer'));
  } else if (!selectors.length) errors.push(required(path, 'must specify a peer'));
  return errors;
}

const rulesOf = (object: KubeObject): [string, string, Fields[]][] => [
  ['ingress', 'from', object['spec']?.ingress ?? []],
  ['egress', 'to', object['spec']?.egress ?? []],
];

/** Every IP block of the policy with its path. */
function* blocksOf(object: KubeObject): Generator<[string, Fields]> {
  for (const [side, peers, rules] of rulesOf(object))
    for (const [i, rule] of rules.entries())
      for (const [j, peer] of ((rule[peers] ?? []) as Fields[]).entries())
        if (peer['ipBlock']) yield [`spec.${side}[${i}].${peers}[${j}].ipBlock`, peer['ipBlock']];
}

function validate(object: KubeObject, options: Options): FieldError[] {
  const spec: Fields = object['spec'] ?? {};
  const errors = labelSelectorErrors(spec['podSelector'] ?? {}, 'spec.podSelector', options.lenientSelectors);
  for (const [side, peers, rules] of rulesOf(object))
    rules.forEach((rule, i) => {
      const path = index(child('spec', side), i);
      ((rule['ports'] ?? []) as Fields[]).forEach((port, j) => {
        errors.push(...portErrors(port, index(child(path, 'ports'), j)));
      });
      ((rule[peers] ?? []) as Fields[]).forEach((peer, j) => {
        errors.push(...peerErrors(peer, index(child(path, peers), j), options));
      });
    });
  const types: string[] = spec['policyTypes'] ?? [];
  if (types.length > TYPES.length)
    return [...errors, invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  types.forEach((type, i) => {
    if (!TYPES.includes(type)) errors.push(notSupported(index('spec.policyTypes', i), type, TYPES));
  });
  return errors;
}

/** pkg/registry/networking/networkpolicy/strategy.go. */
export const networkpolicies: Strategy = {
  defaults(object) {
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    for (const [, , rules] of rulesOf(object))
      for (const rule of rules)
        for (const port of (rule['ports'] ?? []) as Fields[]) port['protocol'] ??= 'TCP';
    if (!spec['policyTypes']?.length)
      spec['policyTypes'] = spec['egress']?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: (object) => validate(object, { lenientSelectors: false, oldCidrs: [] }),
  validateUpdate(object, old) {
    const oldCidrs = [...blocksOf(old)].flatMap(([, block]): string[] => [
      block['cidr'] ?? '',
      ...(block['except'] ?? []),
    ]);
    const lenientSelectors = labelSelectorErrors(old['spec']?.podSelector ?? {}, '').length > 0;
    return validate(object, { lenientSelectors, oldCidrs });
  },
  warnings: (object) =>
    [...blocksOf(object)].flatMap(([path, block]) => [
      ...cidrWarnings(block['cidr'] ?? '', child(path, 'cidr')),
      ...((block['except'] ?? []) as string[]).flatMap((exception, i) =>
        cidrWarnings(exception, index(child(path, 'except'), i)),
      ),
    ]),
  generation: true,
  row: (object, now) => [
    object.metadata.name ?? '',
    formatLabelSelector(object['spec']?.podSelector ?? {}),
    age(object, now),
  ],
};
