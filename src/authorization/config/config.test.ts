import { describe, expect, it } from 'vitest';
import { StaticLister } from '../../registry/lister.ts';
import { RbacPolicy } from '../rbac/policy.ts';
import { staticSource } from '../rbac/source.ts';
import { type AuthorizationParts, createAuthorization } from './create.ts';
import { type AuthorizationOptions, DEFAULT_AUTHORIZATION_OPTIONS, refusesAnonymous } from './flags.ts';

const HOOK = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1/x' } }],
  contexts: [{ name: 'x', context: { cluster: 'c' } }],
  'current-context': 'x',
});

function create(options: Partial<AuthorizationOptions>, contents: Record<string, string> = {}) {
  const files: Record<string, string> = { '/hook': HOOK, ...contents };
  const find = (operation: string, path: string): string => {
    if (files[path] === undefined) throw new Error(`${operation} ${path}: no such file or directory`);
    return files[path];
  };
  const reloads: (string | undefined)[] = [];
  let changed = (): void => {};
  const parts: AuthorizationParts = {
    policy: new RbacPolicy(staticSource([])),
    graphSource: () => ({ pods: new StaticLister(), persistentvolumes: new StaticLister() }),
    files: {
      read: (path) => find('open', path),
      stat: (path) => ({ isFile: find('stat', path) !== '(folder)' }),
    },
    watch: (_, callback) => {
      changed = callback;
      return () => {};
    },
    reloaded: (error) => reloads.push(error),
  };
  const authorization = createAuthorization({ ...DEFAULT_AUTHORIZATION_OPTIONS, ...options }, parts);
  const names = () => authorization.chain.authorizers.map(({ name }) => name);
  const rewrite = (text: string): void => {
    files['/config'] = text;
    changed();
  };
  return { authorization, names, rewrite, reloads };
}

const config = (...authorizers: object[]): string =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers,
  });
const webhook = (more: object = {}): object => ({
  type: 'Webhook',
  name: 'hook',
  webhook: {
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    matchConditionSubjectAccessReviewVersion: 'v1',
    failurePolicy: 'Deny',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/hook' },
    ...more,
  },
});
const RBAC = { type: 'RBAC', name: 'rbac' };
const NODE = { type: 'Node', name: 'node' };

describe('createAuthorization by flags', () => {
  it('keeps the order of the modes', () => {
    const { names } = create({
      modes: ['Webhook', 'Node', 'RBAC', 'AlwaysDeny'],
      webhookConfigFile: '/hook',
    });
    expect(names()).toEqual(['default', 'Node', 'RBAC', 'AlwaysDeny']);
    expect(create({}).names()).toEqual(['AlwaysAllow']);
  });

  it.each([
    [{ modes: ['Bogus'] }, 'authorization-mode "Bogus" is not a valid mode'],
    [{ modes: ['RBAC', 'RBAC'] }, 'authorization-mode ["RBAC" "RBAC"] has mode specified more than once'],
    [{ modes: ['ABAC'] }, "authorization-mode ABAC's authorization policy file not passed"],
    [{ modes: ['Webhook'] }, "authorization-mode Webhook's authorization config file not passed"],
    [{ modes: ['RBAC'], policyFile: '/p' }, 'cannot specify --authorization-policy-file without mode ABAC'],
    [
      { modes: ['RBAC'], webhookConfigFile: '/p' },
      'cannot specify --authorization-webhook-config-file without mode Webhook',
    ],
    [
      { modes: ['ABAC'], policyFile: '/p' },
      'invalid authorization config: open /p: no such file or directory',
    ],
    [
      { modes: ['Webhook'], webhookConfigFile: '/p' },
      'invalid authorization config: stat /p: no such file or directory',
    ],
    [
      { modes: ['Webhook'], webhookConfigFile: '/hook', webhookVersion: 'v2' },
      'invalid authorization config: unsupported webhook authorizer version "v2", supported versions are "v1", "v1beta1"',
    ],
    [
      { configFile: '/c', legacyFlagsSet: true },
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ],
    [{ configFile: '/c' }, 'open /c: no such file or directory'],
  ])('refuses %j', (options, message) => {
    expect(() => create(options)).toThrow(new Error(message));
  });

  it('has no anonymous requests beside AlwaysAllow', () => {
    expect(refusesAnonymous(DEFAULT_AUTHORIZATION_OPTIONS)).toBe(true);
    expect(refusesAnonymous({ ...DEFAULT_AUTHORIZATION_OPTIONS, modes: ['RBAC'] })).toBe(false);
    expect(refusesAnonymous({ ...DEFAULT_AUTHORIZATION_OPTIONS, configFile: '/c' })).toBe(false);
  });
});

describe('createAuthorization by file', () => {
  const refusal = (text: string): string => {
    try {
      create({ configFile: '/config' }, { '/config': text, '/folder': '(folder)' });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each([
    ['', 'authorizers: Required value: at least one authorization mode must be defined'],
    [
      config().replace('"authorizers":[]', '"more":1'),
      'failed to load AuthorizationConfiguration from file: strict decoding error: unknown field "more"',
    ],
    [config({}), 'authorizers[0].type: Required value'],
    [config(RBAC, { ...RBAC, name: 'two' }), 'authorizers[1].type: Duplicate value: "RBAC"'],
    [config({ type: 'RBAC' }), 'authorizers[0].name: Required value'],
    [config({ ...RBAC, name: 'mine' }), 'expected name rbac for authorizer RBAC instead of mine'],
    [
      config({ type: 'Bogus', name: 'x' }),
      'authorizers[0].type: Unsupported value: "Bogus": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    [
      config({ type: 'Webhook', name: 'x' }),
      'authorizers[0].webhook: Required value: required when type=Webhook',
    ],
    [
      config({ ...RBAC, webhook: {} }),
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    [
      config(webhook({ timeout: '31s' })),
      'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s',
    ],
    [
      config(webhook({ authorizedTTL: '-1s' })),
      'authorizers[0].authorizedTTL: Invalid value: "-1s": must be > 0s',
    ],
    [
      config(webhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' } })),
      'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "x": must be an absolute path',
    ],
    [
      config(webhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/folder' } })),
      'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "/folder": must be a regular file',
    ],
    [
      config(webhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/none' } })),
      'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "/none": error loading file: stat /none: no such file or directory',
    ],
    [
      config(webhook({ failurePolicy: '', timeout: undefined })),
      '[authorizers[0].timeout: Required value, authorizers[0].failurePolicy: Required value]',
    ],
    [
      config(webhook({ matchConditions: [{ expression: ' ' }] })),
      'authorizers[0].matchConditions[0].expression: Required value',
    ],
  ])('refuses %s', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it('takes a new file in place, and keeps the old one where the new is bad', () => {
    const { names, rewrite, reloads } = create(
      { configFile: '/config' },
      { '/config': config(webhook(), NODE, RBAC) },
    );
    expect(names()).toEqual(['hook', 'Node', 'RBAC']);
    rewrite(config(RBAC, NODE));
    expect(names()).toEqual(['RBAC', 'Node']);
    rewrite('a: [');
    rewrite(config(RBAC));
    rewrite(config(RBAC, NODE, { type: 'ABAC', name: 'abac' }));
    expect(names()).toEqual(['RBAC', 'Node']);
    expect(reloads.slice(2)).toEqual([
      'missing required types: [Node]',
      'authorizer type ABAC is not allowed if it was not enabled at initial server startup',
    ]);
    rewrite(config({ type: 'AlwaysAllow', name: 'alwaysallow' }, NODE, RBAC));
    expect(names()).toEqual(['AlwaysAllow', 'Node', 'RBAC']);
    expect(reloads).toHaveLength(5);
  });
});
