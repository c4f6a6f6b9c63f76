import { describe, expect, it } from 'vitest';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { checkLogOptions, podConnection } from './pod-connect.ts';

const pod = (names: string[], spec: Fields = {}): KubeObject => ({
  metadata: { name: 'latest' },
  spec: { containers: names.map((name) => ({ name })), ...spec },
});

describe('connections to pods', () => {
  it('go to the only container, or the one named', () => {
    expect(podConnection(pod(['c'], { nodeName: 'n' }), 'log')).toEqual({ node: 'n', container: 'c' });
    expect(podConnection(pod(['c', 'd'], { nodeName: 'n' }), 'exec', 'd')).toEqual({
      node: 'n',
      container: 'd',
    });
    expect(podConnection(pod(['c', 'd'], { nodeName: 'n' }), 'portforward')).toEqual({ node: 'n' });
  });

  it('have nothing to log without a node', () => {
    expect(podConnection(pod(['c']), 'log')).toBeUndefined();
  });

  it.each<[KubeObject, string, string, string]>([
    [pod(['c', 'd']), 'log', '', 'a container name must be specified for pod latest, choose one of: [c d]'],
    [pod([]), 'log', '', 'a container name must be specified for pod latest'],
    [pod(['c']), 'log', 'zz', 'container zz is not valid for pod latest'],
    [pod(['c']), 'exec', '', 'pod latest does not have a host assigned'],
  ])('are refused (%#)', (object, subresource, container, message) => {
    expect(() => podConnection(object, subresource, container)).toThrow(message);
  });
});

describe('options of logs', () => {
  it.each([
    ['tailLines=-1', 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['limitBytes=0', 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 'sinceSeconds: Invalid value: 0: must be greater than 0'],
    [
      'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
      ': Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
  ])('%s', (query, fault) => {
    expect(() => checkLogOptions('p', new URLSearchParams(query))).toThrow(
      `PodLogOptions "p" is invalid: ${fault}`,
    );
  });
  it('pass where they agree', () => {
    expect(() => checkLogOptions('p', new URLSearchParams('tailLines=0&follow=true'))).not.toThrow();
  });
});
