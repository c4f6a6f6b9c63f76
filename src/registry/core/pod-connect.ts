import { type FieldError, forbidden, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { badRequestError, invalidError } from '../../meta/status.ts';
import { containersOf } from './pod/visit.ts';

/** What of a pod its kubelet would be asked for: logs, exec, attach, port-forward (pkg/registry/core/pod/strategy.go). */
export interface PodConnection {
  node: string;
  /** Absent for port-forward. */
  container?: string;
}

/**
 * Where a connection to a pod goes. Undefined for the log of a pod that has no node: there is nothing to read (204).
 * Throws 400 where the container is not told or not there, or a pod without a node is to be talked to.
 */
export function podConnection(pod: KubeObject, subresource: string, asked = ''): PodConnection | undefined {
  const name = pod.metadata.name ?? '';
  const container = subresource === 'portforward' ? undefined : chosenContainer(pod, asked);
  const node: string = pod['spec']?.nodeName ?? '';
  if (node !== '') return { node, ...(container === undefined ? {} : { container }) };
  if (subresource === 'log') return undefined;
  throw badRequestError(`pod ${name} does not have a host assigned`);
}

function chosenContainer(pod: KubeObject, asked: string): string {
  const name = pod.metadata.name ?? '';
  const all = containersOf(pod['spec'] ?? {}).map((container) => container['name'] as string);
  if (asked !== '') {
    if (all.includes(asked)) return asked;
    throw badRequestError(`container ${asked} is not valid for pod ${name}`);
  }
  const regular: Fields[] = pod['spec']?.containers ?? [];
  if (regular.length === 1) return regular[0]!['name'];
  const choice = regular.length ? `, choose one of: [${all.join(' ')}]` : '';
  throw badRequestError(`a container name must be specified for pod ${name}${choice}`);
}

/** Throws 422 for options of a log that contradict themselves (ValidatePodLogOptions). Numbers as the query gives them. */
export function checkLogOptions(name: string, query: URLSearchParams): void {
  const errors: FieldError[] = [];
  const number = (option: string) => (query.get(option) === null ? undefined : Number(query.get(option)));
  const tail = number('tailLines');
  const limit = number('limitBytes');
  const since = number('sinceSeconds');
  if (tail !== undefined && tail < 0)
    errors.push(invalid('tailLines', tail, 'must be greater than or equal to 0'));
  if (limit !== undefined && limit < 1) errors.push(invalid('limitBytes', limit, 'must be greater than 0'));
  if (since !== undefined && query.get('sinceTime') !== null)
    errors.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (since !== undefined && since < 1)
    errors.push(invalid('sinceSeconds', since, 'must be greater than 0'));
  if (query.get('stream') !== null) errors.push(forbidden('stream', 'may not be specified'));
  if (errors.length) throw invalidError({ group: '', kind: 'PodLogOptions' }, name, errors);
}
