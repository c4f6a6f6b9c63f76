import { COST, matchCost } from '../call-cost.ts';
import type { CallCost } from '../library.ts';
import { CelError, CelList, CelMap, CelObject, type CelValue, sizeForCost } from '../values.ts';
import { charge } from '../work.ts';

/** What asking the authorizer costs, in cost units. */
export const CHECK_COST = 350_000;

const walk =
  (factor: number): CallCost =>
  (args) =>
    Math.ceil(sizeForCost(args[0]!) * factor * COST.perCharacter);
const walkOnce = walk(1);
const walkTwice = walk(2);

/** A selector is read, and makes a requirement for every two characters of it. */
const selector: CallCost = (args) => {
  const length = sizeForCost(args[1]!);
  const requirements = Math.ceil(length * 0.5);
  return (
    COST.createList +
    Math.ceil(length * COST.perCharacter) +
    Math.ceil(requirements * (COST.createList + COST.createStruct))
  );
};

/** One walk over a value and all within it. Texts count by bytes of UTF-8. */
function traversal(value: CelValue): number {
  charge(1);
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * COST.perCharacter);
  if (value instanceof Uint8Array) return Math.floor(value.length * COST.perCharacter);
  if (value instanceof CelList) {
    let cost = 0;
    for (let i = 0; i < value.length; i++) cost += traversal(value.at(i));
    return cost;
  }
  if (value instanceof CelMap) {
    let cost = 0;
    for (const key of value.keys()) cost += traversal(key) + traversal(value.get(key)!);
    return cost;
  }
  return 1;
}

const perByte = (size: number): number => Math.ceil(size * COST.perCharacter);

/** Comparing Kubernetes' own values costs a unit; of others, the standard cost is asked for. */
const equality: CallCost = (args) => {
  if (args[0] instanceof CelObject || args[0] instanceof CelError || args[1] instanceof CelError) return 1;
  return Math.ceil(Math.min(sizeForCost(args[0]!), sizeForCost(args[1]!)) * COST.perCharacter);
};

export const ONE_UNIT = new Set(
  (
    'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength ' +
    'family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign ' +
    'asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme ' +
    'getHostname getHost getPort getEscapedPath getQuery'
  ).split(' '),
);
export const WALK_ALL = new Set(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf']);
export const WALK_ONCE = new Set([
  'url',
  'lowerAscii',
  'upperAscii',
  'substring',
  'trim',
  'jsonpatch.escapeKey',
  'cidr',
  'isIP',
  'isCIDR',
  'quantity',
  'isQuantity',
  'semver',
  'isSemver',
]);
export const WALK_TWICE = new Set(['replace', 'split', 'ip.isCanonical']);

/**
 * What Kubernetes charges for calls of its functions (apiserver pkg/cel/library/cost.go CallCost); undefined = the
 * standard cost.
 */
export function kubernetesCallCost(fn: string, overloadId: string): number | CallCost | undefined {
  if (ONE_UNIT.has(fn)) return 1;
  if (WALK_ONCE.has(fn)) return walkOnce;
  if (WALK_TWICE.has(fn)) return walkTwice;
  if (WALK_ALL.has(fn)) return (args) => traversal(args[0]!);
  switch (fn) {
    case 'check':
      return CHECK_COST;
    case 'fieldSelector':
    case 'labelSelector':
      return selector;
    case 'join':
      return (_args, result) => Math.ceil(sizeForCost(result) * 2 * COST.perCharacter);
    case 'find':
    case 'findAll':
      return matchCost;
    case 'ip':
      return overloadId === 'cidr_ip' ? 1 : walkOnce;
    case 'containsIP':
      return (args) =>
        perByte(sizeForCost(args[0]!) * 2) +
        (overloadId === 'cidr_contains_ip_string' ? perByte(sizeForCost(args[1]!)) : 0);
    case 'containsCIDR':
      return (args) => {
        const size = sizeForCost(args[0]!);
        const other = overloadId === 'cidr_contains_cidr_string' ? perByte(sizeForCost(args[1]!)) : 0;
        return perByte(size * 2) + perByte(size) + 1 + other;
      };
    case 'validate':
      return (args) => {
        const format = args[0];
        const patternSize =
          format instanceof CelObject && 'maxRegexSize' in format ? Number(format.maxRegexSize) : 0;
        return (
          Math.ceil((1 + sizeForCost(args[1]!)) * COST.perCharacter) *
          Math.ceil(patternSize * COST.perPatternCharacter)
        );
      };
    case '_==_':
      return equality;
    default:
      return undefined;
  }
}
