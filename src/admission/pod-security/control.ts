import type { Fields, ObjectMeta } from '../../meta/object.ts';
import { containersOf } from '../../registry/core/pod/visit.ts';

/** What a control has against a pod: the reason, and the detail that names what it found. */
export interface Violation {
  reason: string;
  detail: string;
}

export type Check = (spec: Fields, metadata: ObjectMeta) => Violation | undefined;

/** One control of a level, in the versions it has had (pod-security-admission policy/checks.go). */
export interface Control {
  /** Controls are named in refusals in the order of their ids, those of baseline first. */
  id: string;
  level: 'baseline' | 'restricted';
  versions: readonly {
    /** The minor from which on it holds. */
    since: number;
    check: Check;
    /** Ids of baseline controls that it takes the place of at restricted. */
    instead?: readonly string[];
  }[];
}

/** `"a", "b"`. */
export const quoted = (items: readonly string[]): string => items.map((item) => `"${item}"`).join(', ');

export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);

/** `container "a"`, `containers "a", "b"`. */
export const containersText = (names: readonly string[]): string =>
  `${plural('container', 'containers', names.length)} ${quoted(names)}`;

/** Each once, sorted. */
export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** The names of the containers of all kinds that something holds for. */
export const containersWhere = (spec: Fields, holds: (container: Fields) => boolean): string[] =>
  containersOf(spec).filter(holds).map(nameOf);

export const nameOf = ({ name }: Fields): string => name ?? '';

/** `pod and containers "a", "b"`: those who set something that they must not. */
export function settersText(pod: boolean, containers: readonly string[]): string {
  return [...(pod ? ['pod'] : []), ...(containers.length ? [containersText(containers)] : [])].join(' and ');
}

export const isWindows = (spec: Fields): boolean => spec['os']?.name === 'windows';
/** A pod in a user namespace of its own is not root where it counts. */
export const hasOwnUsers = (spec: Fields): boolean => spec['hostUsers'] === false;
