import { describe, expect, it } from 'vitest';
import { readAdmissionConfiguration } from './admission-configuration.ts';
import {
  clusterNodeSelectorsOf,
  eventLimitsOf,
  imagePolicyOf,
  limitedResourcesOf,
  podSecurityOf,
  tolerationRestrictionOf,
} from './plugin-configurations.ts';

const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n';

/** Files of a folder; others are not there. */
function read(files: Record<string, string>) {
  return (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error(`open ${path}: no such file or directory`);
    return text;
  };
}

const configured = (name: string, configuration: object) =>
  readAdmissionConfiguration(
    '/etc/a.yaml',
    read({
      '/etc/a.yaml': `${HEAD}plugins: [{name: ${name}, configuration: ${JSON.stringify(configuration)}}]`,
    }),
  );

describe('AdmissionConfiguration', () => {
  it('holds configurations of plugins, or says where they are from its own folder', () => {
    const found = readAdmissionConfiguration(
      '/etc/k/a.yaml',
      read({
        '/etc/k/a.yaml': `${HEAD}plugins:\n- name: PodSecurity\n  path: ps/one.yaml\n- name: X\n  configuration: {a: 1}\n- name: Z\n  path: /y`,
        '/etc/k/ps/one.yaml': 'kind: A',
        '/y': 'kind: B',
      }),
    );
    expect([...found]).toEqual([
      ['PodSecurity', 'kind: A'],
      ['X', '{"a":1}'],
      ['Z', 'kind: B'],
    ]);
    expect(readAdmissionConfiguration('', read({})).size).toBe(0);
  });

  it.each([
    [
      'kind: X\napiVersion: v1',
      /^failed to read plugin config: no kind "X" is registered for version "v1" in scheme /,
    ],
    ['plugins: []', /^failed to read plugin config: Object 'Kind' is missing in '{"plugins":\[\]}'$/],
    [`${HEAD}plugin: []`, /^failed to read plugin config: strict decoding error: unknown field "plugin"$/],
    [`${HEAD}plugins: [{name: a, paths: b}]`, /strict decoding error: unknown field "plugins\[0\]\.paths"$/],
    [
      `${HEAD}plugins: [{name: 1}]`,
      /json: cannot unmarshal number into Go struct field AdmissionPluginConfiguration\.plugins\.name of type string$/,
    ],
    ['- a', /couldn't get version\/kind; json parse error: json: cannot unmarshal array into Go value/],
  ])('refuses %j', (text, words) => {
    expect(() => readAdmissionConfiguration('/a', read({ '/a': text }))).toThrow(words);
  });

  it('refuses files that are not there', () => {
    expect(() => readAdmissionConfiguration('/a', read({}))).toThrow(
      'failed to read plugin config: unable to read admission control configuration from "/a" [open /a: no such file or directory]',
    );
  });

  it('takes files from before there were kinds of configurations', () => {
    const found = readAdmissionConfiguration(
      '/a',
      read({ '/a': 'podNodeSelectorPluginConfig:\n  clusterDefaultNodeSelector: a=b\n  ns: c=d\n' }),
    );
    expect(clusterNodeSelectorsOf(found)).toEqual({ clusterDefaultNodeSelector: 'a=b', ns: 'c=d' });
  });
});

describe('configurations of plugins', () => {
  const none = new Map<string, string>();
  const podSecurity = (fields: object) =>
    configured('PodSecurity', {
      apiVersion: 'pod-security.admission.config.k8s.io/v1',
      kind: 'PodSecurityConfiguration',
      ...fields,
    });

  it('fill in what Pod Security leaves out', () => {
    expect(podSecurityOf(none).defaults.enforce).toEqual({ level: 'privileged', version: 'latest' });
    const { defaults, exemptions } = podSecurityOf(
      podSecurity({
        defaults: { enforce: 'baseline', 'warn-version': 'v1.29' },
        exemptions: { usernames: ['a'] },
      }),
    );
    expect(defaults).toEqual({
      enforce: { level: 'baseline', version: 'latest' },
      audit: { level: 'privileged', version: 'latest' },
      warn: { level: 'privileged', version: 29 },
    });
    expect(exemptions).toEqual({ usernames: ['a'], namespaces: [], runtimeClasses: [] });
  });

  it('refuse what Pod Security cannot mean', () => {
    expect(() => podSecurityOf(podSecurity({ defaults: { audit: 'strict' } }))).toThrow(
      'failed to initialize admission plugin "PodSecurity": PodSecurity configuration error: audit: must be one of privileged, baseline, restricted',
    );
    expect(() => podSecurityOf(podSecurity({ exemptions: { usernames: ['a', 'a'] } }))).toThrow(
      'failed to initialize admission plugin "PodSecurity": PodSecurity invalid: exemptions.usernames[1]: Duplicate value: "a"',
    );
    expect(() => podSecurityOf(podSecurity({ exemptions: { users: [] } }))).toThrow(
      'couldn\'t init admission plugin "PodSecurity": strict decoding error: unknown field "exemptions.users"',
    );
  });

  it('read the others', () => {
    expect(limitedResourcesOf(none)).toEqual([]);
    const quota = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'ResourceQuotaConfiguration' };
    expect(
      limitedResourcesOf(
        configured('ResourceQuota', {
          ...quota,
          limitedResources: [{ resource: 'pods', matchContains: ['cpu'] }],
        }),
      ),
    ).toEqual([{ apiGroup: '', resource: 'pods', matchContains: ['cpu'], matchScopes: [] }]);
    expect(() =>
      limitedResourcesOf(configured('ResourceQuota', { ...quota, limitedResources: [{}] })),
    ).toThrow('limitedResources[0].resource: Required value');

    const events = { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration' };
    expect(
      eventLimitsOf(
        configured('EventRateLimit', { ...events, limits: [{ type: 'User', qps: 1, burst: 2 }] }),
      ),
    ).toEqual([{ type: 'User', qps: 1, burst: 2, cacheSize: 0 }]);
    expect(() => eventLimitsOf(none)).toThrow('limits: Invalid value: null: must not be empty');
    expect(() =>
      eventLimitsOf(configured('EventRateLimit', { ...events, limits: [{ type: 'X', qps: 0, burst: 1 }] })),
    ).toThrow('limits[0].qps: Invalid value: 0: must be positive');

    const tolerations = {
      apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
      kind: 'Configuration',
    };
    expect(
      tolerationRestrictionOf(
        configured('PodTolerationRestriction', {
          ...tolerations,
          default: [{ key: 'a', operator: 'Exists' }],
        }),
      ),
    ).toEqual({ default: [{ key: 'a', operator: 'Exists' }], whitelist: [] });
    expect(() =>
      tolerationRestrictionOf(
        configured('PodTolerationRestriction', { ...tolerations, whitelist: [{ key: '' }] }),
      ),
    ).toThrow(
      'couldn\'t init admission plugin "PodTolerationRestriction": invalid config: [podtolerationrestriction.whitelist[0].operator',
    );

    expect(() => imagePolicyOf(none)).toThrow(
      'couldn\'t init admission plugin "ImagePolicyWebhook": no config specified',
    );
    expect(
      imagePolicyOf(new Map([['ImagePolicyWebhook', 'imagePolicy: {kubeConfigFile: /k, allowTTL: -1}']])),
    ).toMatchObject({
      kubeConfigFile: '/k',
      allowMs: 0,
      denyMs: 30_000,
      retryMs: 500,
      defaultAllow: false,
    });
    expect(() => imagePolicyOf(new Map([['ImagePolicyWebhook', 'imagePolicy: {denyTTL: 7200}']]))).toThrow(
      'valid value is between 1s and 30m0s, got 2h0m0s',
    );
  });
});
