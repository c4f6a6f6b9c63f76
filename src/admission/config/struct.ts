/** The Go structs of configuration files, as far as decoding them needs it: names for messages, types of fields. */
export interface Struct {
  name: string;
  fields: Readonly<Record<string, FieldType>>;
}

export type FieldType = 'string' | 'int32' | 'bool' | 'any' | 'strings' | 'anys' | Struct | readonly [Struct];

/** A kind that a configuration file may be of. */
export interface FileKind {
  kinds: readonly { apiVersions: readonly string[]; kind: string }[];
  struct: Struct;
  /** Unknown and repeated fields are faults. */
  strict: boolean;
  /** Where kube-apiserver keeps the kinds it knows: its messages say so. */
  scheme: string;
}

const CONFIG_GROUP = 'apiserver.config.k8s.io';

export const ADMISSION_CONFIGURATION: FileKind = {
  kinds: [
    { apiVersions: [`${CONFIG_GROUP}/v1`, 'apiserver.k8s.io/v1alpha1'], kind: 'AdmissionConfiguration' },
  ],
  strict: true,
  scheme: 'k8s.io/apiserver/pkg/server/options/admission.go:51',
  struct: {
    name: 'AdmissionConfiguration',
    fields: {
      plugins: [
        {
          name: 'AdmissionPluginConfiguration',
          fields: { name: 'string', path: 'string', configuration: 'any' },
        },
      ],
    },
  },
};

const POD_SECURITY_GROUP = 'pod-security.admission.config.k8s.io';
const MODES = ['enforce', 'audit', 'warn'].flatMap((mode) => [mode, `${mode}-version`]);

export const POD_SECURITY_CONFIGURATION: FileKind = {
  kinds: [
    {
      apiVersions: ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${POD_SECURITY_GROUP}/${version}`),
      kind: 'PodSecurityConfiguration',
    },
  ],
  strict: true,
  scheme: 'k8s.io/pod-security-admission/admission/api/scheme/scheme.go:31',
  struct: {
    name: 'PodSecurityConfiguration',
    fields: {
      defaults: {
        name: 'PodSecurityDefaults',
        fields: Object.fromEntries(MODES.map((mode) => [mode, 'string'])),
      },
      exemptions: {
        name: 'PodSecurityExemptions',
        fields: { usernames: 'strings', namespaces: 'strings', runtimeClasses: 'strings' },
      },
    },
  },
};

export const RESOURCE_QUOTA_CONFIGURATION: FileKind = {
  kinds: [
    { apiVersions: [`${CONFIG_GROUP}/v1`], kind: 'ResourceQuotaConfiguration' },
    {
      apiVersions: ['v1beta1', 'v1alpha1'].map((version) => `resourcequota.admission.k8s.io/${version}`),
      kind: 'Configuration',
    },
  ],
  strict: true,
  scheme: 'k8s.io/apiserver/pkg/admission/plugin/resourcequota/config.go:31',
  struct: {
    name: 'Configuration',
    fields: {
      limitedResources: [
        {
          name: 'LimitedResource',
          fields: {
            apiGroup: 'string',
            resource: 'string',
            matchContains: 'strings',
            matchScopes: [
              {
                name: 'ScopedResourceSelectorRequirement',
                fields: { scopeName: 'string', operator: 'string', values: 'strings' },
              },
            ],
          },
        },
      ],
    },
  },
};

export const EVENT_RATE_LIMIT_CONFIGURATION: FileKind = {
  kinds: [{ apiVersions: ['eventratelimit.admission.k8s.io/v1alpha1'], kind: 'Configuration' }],
  strict: false,
  scheme: 'k8s.io/kubernetes/plugin/pkg/admission/eventratelimit/config.go:31',
  struct: {
    name: 'Configuration',
    fields: {
      limits: [
        { name: 'Limit', fields: { type: 'string', qps: 'int32', burst: 'int32', cacheSize: 'int32' } },
      ],
    },
  },
};

export const POD_TOLERATION_RESTRICTION_CONFIGURATION: FileKind = {
  kinds: [{ apiVersions: ['podtolerationrestriction.admission.k8s.io/v1alpha1'], kind: 'Configuration' }],
  strict: false,
  scheme: 'k8s.io/kubernetes/plugin/pkg/admission/podtolerationrestriction/config.go:32',
  struct: { name: 'Configuration', fields: { default: 'anys', whitelist: 'anys' } },
};
