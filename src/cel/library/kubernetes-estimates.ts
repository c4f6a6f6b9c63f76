import { COST } from '../call-cost.ts';
import {
  type CallEstimate,
  type CallEstimator,
  type EstimateNode,
  fixed,
  MOST,
  NOTHING,
  ONE,
  plus,
  type Range,
  scaled,
  times,
} from '../cost-estimate.ts';
import { isExactType } from '../types.ts';
import { CelInt } from '../values.ts';
import { CHECK_COST, ONE_UNIT, WALK_ALL, WALK_ONCE, WALK_TWICE } from './kubernetes-costs.ts';

const walk = (size: Range, factor = 1): Range => scaled(size, factor * COST.perCharacter);

const unit: CallEstimator = () => ({ cost: ONE });

/** Functions whose result is as large as what they were given. */
const KEEPS_SIZE: ReadonlySet<string> = new Set(['lowerAscii', 'upperAscii', 'substring', 'trim']);

const ofFirst =
  (factor: number, keepsSize = false): CallEstimator =>
  (_target, args, size) => {
    if (!args[0]) return undefined;
    const given = size(args[0]);
    return { cost: walk(given, factor), ...(keepsSize ? { size: given } : {}) };
  };

const ofTarget: CallEstimator = (target, _args, size) =>
  target && { cost: walk(size(target)), size: size(target) };

/** The elements of a list, as far as its type tells. */
function elementOf(list: EstimateNode): EstimateNode | undefined {
  const type = list.type.parameters[0];
  return (
    type && { path: list.path && [...list.path, '@items'], type, computedSize: undefined, expr: undefined }
  );
}

const traversal: CallEstimator = (target, _args, size) => {
  if (!target) return undefined;
  const element = elementOf(target);
  // Without elements it is a string: indexOf() and lastIndexOf() are there for both.
  if (!element) return { cost: walk(size(target)) };
  const { kind } = element.type;
  const each = kind === 'string' || kind === 'bytes' ? plus(ONE, walk(size(element))) : ONE;
  return { cost: times(size(target), each) };
};

const replace: CallEstimator = (target, args, size) => {
  if (!target || args.length < 2) return undefined;
  const text = size(target);
  const [old, replacement] = [size(args[0]!), size(args[1]!)];
  let [countMax, keptMax, countMin, keptMin] = [0, 0, 0, 0];
  if (old.min === 0) {
    countMax = text.max < MOST ? text.max + 1 : text.max;
    keptMax = text.max;
  } else if (replacement.max <= old.min) keptMax = text.max;
  else countMax = Math.ceil(text.max / old.min);
  if (old.max === 0) {
    countMin = text.min < MOST ? text.min + 1 : text.min;
    keptMin = text.min;
  } else if (old.max <= replacement.min) keptMin = text.min;
  else countMin = Math.ceil(text.min / old.max);
  const replaced = times({ min: countMin, max: countMax }, replacement);
  return { cost: walk(text, 2), size: plus(replaced, { min: keptMin, max: keptMax }) };
};

const split: CallEstimator = (target, args, size) => {
  if (!target) return undefined;
  const text = size(target);
  const limit = args[1]?.expr;
  const given = limit?.kind === 'literal' && limit.value instanceof CelInt ? limit.value.n : undefined;
  return {
    cost: walk(text, 2),
    size: { min: 0, max: given === undefined ? text.max : given < 0 ? MOST : given },
  };
};

const join: CallEstimator = (target, args, size) => {
  if (!target) return undefined;
  const count = size(target);
  const element = elementOf(target);
  let total = element ? times(count, size(element)) : NOTHING;
  if (args[0]) {
    const gaps = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) };
    total = plus(total, times(size(args[0]), gaps));
  }
  return { cost: walk(total), size: total };
};

const find: CallEstimator = (target, args, size) => {
  if (!target || !args[0]) return undefined;
  const text = size(target);
  const pattern = scaled(size(args[0]), COST.perPatternCharacter);
  return { cost: times(walk(plus(text, ONE)), pattern), size: { min: 0, max: text.max } };
};

/** Addresses have 4 to 16 bytes. */
const ADDRESS: Range = { min: 4, max: 16 };

const containing =
  (network: boolean, fromText: boolean): CallEstimator =>
  (_target, args, size) => {
    if (!args[0]) return undefined;
    const parts = [walk(plus(ADDRESS, ADDRESS))];
    if (network) parts.push(walk(ADDRESS), ONE);
    if (fromText) parts.push(walk(size(args[0])));
    return { cost: plus(...parts) };
  };

const selector: CallEstimator = (_target, args, size) => {
  if (args.length !== 1) return undefined;
  const length = size(args[0]!);
  const requirements = scaled(scaled(length, 0.5), COST.createList + COST.createStruct);
  return { cost: plus(fixed(COST.createList), walk(length), requirements) };
};

/** The longest pattern of the named formats that are names. */
const NAME_PATTERN = 128;
const FORMAT_SIZE = 64;

const validate: CallEstimator = (_target, args, size) =>
  args[0] && { cost: scaled(walk(size(args[0])), NAME_PATTERN * COST.perPatternCharacter) };

const UNIT_EQUALITY: ReadonlySet<string> = new Set([
  'net.IP',
  'net.CIDR',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.authorization.Authorizer',
  'kubernetes.authorization.PathCheck',
  'kubernetes.authorization.GroupCheck',
  'kubernetes.authorization.ResourceCheck',
  'kubernetes.authorization.Decision',
]);

const equality: CallEstimator = (_target, args): CallEstimate | undefined => {
  const [left, right] = args;
  if (!left || !right || !isExactType(left.type, right.type)) return undefined;
  const { name } = left.type;
  if (UNIT_EQUALITY.has(name)) return { cost: ONE };
  if (name === 'kubernetes.NamedFormat') return { cost: walk({ min: 1, max: FORMAT_SIZE }) };
  if (name === 'kubernetes.URL') return { cost: walk({ min: 1, max: right.computedSize?.max ?? 1 }) };
  return undefined;
};

/**
 * What Kubernetes estimates calls of its functions at (apiserver pkg/cel/library/cost.go EstimateCallCost);
 * undefined = the standard estimate.
 */
export function kubernetesCallEstimate(fn: string, overloadId: string): CallEstimator | undefined {
  if (ONE_UNIT.has(fn)) return unit;
  if (KEEPS_SIZE.has(fn)) return ofTarget;
  if (WALK_ALL.has(fn)) return traversal;
  switch (fn) {
    case 'check':
      return () => ({ cost: fixed(CHECK_COST) });
    case 'fieldSelector':
    case 'labelSelector':
      return selector;
    case 'url':
    case 'jsonpatch.escapeKey':
      return ofFirst(1, true);
    case 'replace':
      return replace;
    case 'split':
      return split;
    case 'join':
      return join;
    case 'find':
    case 'findAll':
      return find;
    case 'ip':
      return overloadId === 'cidr_ip' ? unit : ofFirst(1);
    case 'containsIP':
      return containing(false, overloadId === 'cidr_contains_ip_string');
    case 'containsCIDR':
      return containing(true, overloadId === 'cidr_contains_cidr_string');
    case 'validate':
      return validate;
    case '_==_':
      return equality;
    default:
      if (WALK_ONCE.has(fn)) return ofFirst(1);
      return WALK_TWICE.has(fn) ? ofFirst(2) : undefined;
  }
}
