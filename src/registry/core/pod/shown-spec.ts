import type { Fields } from '../../../meta/object.ts';
import { unifiedDiff } from '../../../meta/unified-diff.ts';
import { type GoShape, goMap, goSelector, goStruct, SECCOMP_PROFILE, SECURITY_CONTEXT } from './go-value.ts';

/**
 * A pod spec as the messages show it that refuse a change of one: in the names and the order of kube-apiserver's
 * internal types, with every unset field in place (pkg/apis/core/types.go).
 */

/** `Name`: '' where unset; `Name?`: null; `Name0`: 0; `Name!`: false. JSON names are the same in lower camel case. */
function shape(text: string, own: Record<string, Nested> = {}, names: Record<string, string> = {}): GoShape {
  return text.split(' ').map((word) => {
    const mark = /[?0!]$/.exec(word)?.[0] ?? '';
    const go = mark ? word.slice(0, -1) : word;
    const json = names[go] ?? go.charAt(0).toLowerCase() + go.slice(1);
    const zero = mark === '?' ? null : mark === '0' ? 0 : mark === '!' ? false : '';
    const nested = own[go];
    return nested ? [go, json, zero, nested] : [go, json, zero];
  });
}

type Nested = GoShape;

/** Fields that need more than their shape, by their Go names. */
type Special = Record<string, (value: any) => unknown>;

const LOCAL_REF = shape('Name');
const KEY_PATHS = shape('Key Path Mode?');
const FIELD_REF = shape('APIVersion FieldPath', {}, { APIVersion: 'apiVersion' });
const RESOURCE_REF = shape('ContainerName Resource Divisor0');

const list =
  (shaped: GoShape, special: Special = {}) =>
  (items: Fields[] | undefined) =>
    items?.length ? items.map((item) => show(item, shaped, special)) : null;

function show(value: Fields | undefined, shaped: GoShape, special: Special = {}): unknown {
  if (value === undefined || value === null) return null;
  const out = goStruct(value, shaped) as Record<string, unknown>;
  for (const [go, json] of shaped) {
    const convert = special[go];
    if (convert) out[go] = convert(value[json]);
  }
  return out;
}

const intOrString = (port: unknown) => port ?? 0;
const quantities = (amounts: Fields | undefined) => goMap(amounts);

const HTTP_GET = shape('Path Port0 Host Scheme HTTPHeaders?', {}, { HTTPHeaders: 'httpHeaders' });
const httpGet = (http: Fields | undefined) =>
  show(http, HTTP_GET, { Port: intOrString, HTTPHeaders: list(shape('Name Value')) });
const tcpSocket = (tcp: Fields | undefined) => show(tcp, shape('Port0 Host'), { Port: intOrString });
const exec = (action: Fields | undefined) => show(action, shape('Command?'));

const PROBE = shape(
  'Exec? HTTPGet? TCPSocket? GRPC? InitialDelaySeconds0 TimeoutSeconds0 PeriodSeconds0 SuccessThreshold0 FailureThreshold0 TerminationGracePeriodSeconds?',
  {},
  { HTTPGet: 'httpGet', TCPSocket: 'tcpSocket', GRPC: 'grpc' },
);
const probe = (value: Fields | undefined) =>
  show(value, PROBE, {
    Exec: exec,
    HTTPGet: httpGet,
    TCPSocket: tcpSocket,
    GRPC: (grpc) => show(grpc, shape('Port0 Service?')),
  });

const HANDLER = shape('Exec? HTTPGet? TCPSocket? Sleep?', {}, { HTTPGet: 'httpGet', TCPSocket: 'tcpSocket' });
const handler = (value: Fields | undefined) =>
  show(value, HANDLER, {
    Exec: exec,
    HTTPGet: httpGet,
    TCPSocket: tcpSocket,
    Sleep: (sleep) => show(sleep, shape('Seconds0')),
  });
const lifecycle = (value: Fields | undefined) =>
  show(value, shape('PostStart? PreStop? StopSignal?'), { PostStart: handler, PreStop: handler });

const resources = (value: Fields | undefined) =>
  show(value ?? {}, shape('Limits? Requests? Claims?'), {
    Limits: quantities,
    Requests: quantities,
    Claims: list(shape('Name Request')),
  });

const VALUE_FROM = shape('FieldRef? ResourceFieldRef? ConfigMapKeyRef? SecretKeyRef? FileKeyRef?');
const valueFrom = (value: Fields | undefined) => {
  const keyRef = (ref: Fields | undefined) => show(ref, shape('Name Key Optional?'));
  return show(value, VALUE_FROM, {
    FieldRef: (ref) => show(ref, FIELD_REF),
    ResourceFieldRef: (ref) => show(ref, RESOURCE_REF, { Divisor: (divisor) => divisor ?? '0' }),
    ConfigMapKeyRef: keyRef,
    SecretKeyRef: keyRef,
    FileKeyRef: (ref) => show(ref, shape('VolumeName Path Key Optional?')),
  });
};

const CONTAINER = shape(
  'Name Image Command? Args? WorkingDir Ports? EnvFrom? Env? Resources? ResizePolicy? RestartPolicy? RestartPolicyRules? VolumeMounts? VolumeDevices? LivenessProbe? ReadinessProbe? StartupProbe? Lifecycle? TerminationMessagePath TerminationMessagePolicy ImagePullPolicy SecurityContext? Stdin! StdinOnce! TTY!',
  {},
  { TTY: 'tty' },
);
const envFromRef = (ref: Fields | undefined) => show(ref, shape('Name Optional?'));
const CONTAINER_PARTS: Special = {
  Ports: list(shape('Name HostPort0 ContainerPort0 Protocol HostIP', {}, { HostIP: 'hostIP' })),
  EnvFrom: list(shape('Prefix ConfigMapRef? SecretRef?'), {
    ConfigMapRef: envFromRef,
    SecretRef: envFromRef,
  }),
  Env: list(shape('Name Value ValueFrom?'), { ValueFrom: valueFrom }),
  Resources: resources,
  ResizePolicy: list(shape('ResourceName RestartPolicy')),
  RestartPolicyRules: list(shape('Action ExitCodes?'), {
    ExitCodes: (codes) => show(codes, shape('Operator Values?')),
  }),
  VolumeMounts: list(
    shape('Name ReadOnly! RecursiveReadOnly? MountPath SubPath MountPropagation? SubPathExpr'),
  ),
  VolumeDevices: list(shape('Name DevicePath')),
  LivenessProbe: probe,
  ReadinessProbe: probe,
  StartupProbe: probe,
  Lifecycle: lifecycle,
  SecurityContext: (context) => show(context, SECURITY_CONTEXT),
};
const EPHEMERAL: GoShape = [...CONTAINER, ['TargetContainerName', 'targetContainerName', '']];

const files = (name: string, field: string): GoShape => [
  [name, field, ''],
  ['Items', 'items', null],
  ['DefaultMode', 'defaultMode', null],
  ['Optional', 'optional', null],
];
const KEY_ITEMS: Special = { Items: list(KEY_PATHS) };
const DOWNWARD_ITEMS: Special = {
  Items: list(shape('Path FieldRef? ResourceFieldRef? Mode?'), {
    FieldRef: (ref) => show(ref, FIELD_REF),
    ResourceFieldRef: (ref) => show(ref, RESOURCE_REF, { Divisor: (divisor) => divisor ?? '0' }),
  }),
};
const PROJECTED_FILES = shape('Name Items? Optional?');
const PROJECTED: Special = {
  Sources: list(
    shape(
      'Secret? DownwardAPI? ConfigMap? ServiceAccountToken? ClusterTrustBundle? PodCertificate?',
      {},
      { DownwardAPI: 'downwardAPI' },
    ),
    {
      Secret: (source) => show(source, PROJECTED_FILES, KEY_ITEMS),
      DownwardAPI: (source) => show(source, shape('Items?'), DOWNWARD_ITEMS),
      ConfigMap: (source) => show(source, PROJECTED_FILES, KEY_ITEMS),
      ServiceAccountToken: (source) => show(source, shape('Audience ExpirationSeconds0 Path')),
    },
  ),
};

/** Sources of one storage system are shown as they are: nothing in them can differ between two specs but a whole volume. */
const VOLUME = shape(
  'Name HostPath? EmptyDir? GCEPersistentDisk? AWSElasticBlockStore? GitRepo? Secret? NFS? ISCSI? Glusterfs? PersistentVolumeClaim? RBD? Quobyte? FlexVolume? Cinder? CephFS? Flocker? DownwardAPI? FC? AzureFile? ConfigMap? VsphereVolume? AzureDisk? PhotonPersistentDisk? Projected? PortworxVolume? ScaleIO? StorageOS? CSI? Ephemeral? Image?',
  {},
  {
    GCEPersistentDisk: 'gcePersistentDisk',
    AWSElasticBlockStore: 'awsElasticBlockStore',
    NFS: 'nfs',
    ISCSI: 'iscsi',
    RBD: 'rbd',
    CephFS: 'cephfs',
    DownwardAPI: 'downwardAPI',
    FC: 'fc',
    ScaleIO: 'scaleIO',
    StorageOS: 'storageos',
    CSI: 'csi',
  },
);
const VOLUME_PARTS: Special = {
  HostPath: (source) => show(source, shape('Path Type?')),
  EmptyDir: (source) => show(source, shape('Medium SizeLimit?')),
  GitRepo: (source) => show(source, shape('Repository Revision Directory')),
  Secret: (source) => show(source, files('SecretName', 'secretName'), KEY_ITEMS),
  NFS: (source) => show(source, shape('Server Path ReadOnly!')),
  PersistentVolumeClaim: (source) => show(source, shape('ClaimName ReadOnly!')),
  DownwardAPI: (source) => show(source, shape('Items? DefaultMode?'), DOWNWARD_ITEMS),
  ConfigMap: (source) => show(source, files('Name', 'name'), KEY_ITEMS),
  Projected: (source) => show(source, shape('Sources? DefaultMode?'), PROJECTED),
  CSI: (source) =>
    show(
      source,
      shape('Driver ReadOnly? FSType? VolumeAttributes? NodePublishSecretRef?', {}, { FSType: 'fsType' }),
      { NodePublishSecretRef: (ref) => show(ref, LOCAL_REF) },
    ),
  Image: (source) => show(source, shape('Reference PullPolicy')),
};

const REQUIRED = 'RequiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'PreferredDuringSchedulingIgnoredDuringExecution';
const BOTH = shape(`${REQUIRED}? ${PREFERRED}?`);
const EXPRESSIONS = list(shape('Key Operator Values?'));
const nodeTerm = (term: Fields | undefined) =>
  show(term ?? {}, shape('MatchExpressions? MatchFields?'), {
    MatchExpressions: EXPRESSIONS,
    MatchFields: EXPRESSIONS,
  });
const podTerm = (term: Fields | undefined) =>
  show(
    term ?? {},
    shape('LabelSelector? Namespaces? TopologyKey NamespaceSelector? MatchLabelKeys? MismatchLabelKeys?'),
    {
      LabelSelector: goSelector,
      NamespaceSelector: goSelector,
    },
  );
const podAffinity = (value: Fields | undefined) =>
  show(value, BOTH, {
    [REQUIRED]: (terms: Fields[] | undefined) => (terms?.length ? terms.map(podTerm) : null),
    [PREFERRED]: list(shape('Weight0 PodAffinityTerm?'), { PodAffinityTerm: podTerm }),
  });
const affinity = (value: Fields | undefined) =>
  show(value, shape('NodeAffinity? PodAffinity? PodAntiAffinity?'), {
    NodeAffinity: (node) =>
      show(node, BOTH, {
        [REQUIRED]: (selector) =>
          show(selector, shape('NodeSelectorTerms?'), {
            NodeSelectorTerms: (terms: Fields[] | undefined) => (terms?.length ? terms.map(nodeTerm) : null),
          }),
        [PREFERRED]: list(shape('Weight0 Preference?'), { Preference: nodeTerm }),
      }),
    PodAffinity: podAffinity,
    PodAntiAffinity: podAffinity,
  });

const POD_SECURITY_CONTEXT = shape(
  'HostNetwork! HostPID! HostIPC! ShareProcessNamespace? HostUsers? SELinuxOptions? WindowsOptions? RunAsUser? RunAsGroup? RunAsNonRoot? SupplementalGroups? SupplementalGroupsPolicy? FSGroup? FSGroupChangePolicy? Sysctls? SeccompProfile? AppArmorProfile? SELinuxChangePolicy?',
  {},
  {
    HostPID: 'hostPID',
    HostIPC: 'hostIPC',
    SELinuxOptions: 'seLinuxOptions',
    FSGroup: 'fsGroup',
    FSGroupChangePolicy: 'fsGroupChangePolicy',
    SELinuxChangePolicy: 'seLinuxChangePolicy',
  },
);
const containerPart = (go: string): GoShape => SECURITY_CONTEXT.find(([name]) => name === go)![3]!;
const POD_SECURITY_PARTS: Special = {
  SELinuxOptions: (value) => show(value, containerPart('SELinuxOptions')),
  WindowsOptions: (value) => show(value, containerPart('WindowsOptions')),
  Sysctls: list(shape('Name Value')),
  SeccompProfile: (value) => show(value, SECCOMP_PROFILE),
  AppArmorProfile: (value) => show(value, SECCOMP_PROFILE),
};

const POD_SPEC = shape(
  'Volumes? InitContainers? Containers? EphemeralContainers? RestartPolicy TerminationGracePeriodSeconds? ActiveDeadlineSeconds? DNSPolicy NodeSelector? ServiceAccountName AutomountServiceAccountToken? NodeName SecurityContext? ImagePullSecrets? Hostname Subdomain SetHostnameAsFQDN? Affinity? SchedulerName Tolerations? HostAliases? PriorityClassName Priority? PreemptionPolicy? DNSConfig? ReadinessGates? RuntimeClassName? Overhead? EnableServiceLinks? TopologySpreadConstraints? OS? SchedulingGates? ResourceClaims? Resources? HostnameOverride? SchedulingGroup?',
  {},
  { DNSPolicy: 'dnsPolicy', SetHostnameAsFQDN: 'setHostnameAsFQDN', DNSConfig: 'dnsConfig', OS: 'os' },
);

function podSpec(spec: Fields): unknown {
  return show(spec, POD_SPEC, {
    Volumes: list(VOLUME, VOLUME_PARTS),
    InitContainers: list(CONTAINER, CONTAINER_PARTS),
    Containers: list(CONTAINER, CONTAINER_PARTS),
    EphemeralContainers: list(EPHEMERAL, CONTAINER_PARTS),
    NodeSelector: goMap,
    // The host's namespaces stand here inside, and beside it in the API.
    SecurityContext: (context) => {
      const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } = spec;
      return show(
        { ...context, hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers },
        POD_SECURITY_CONTEXT,
        POD_SECURITY_PARTS,
      );
    },
    ImagePullSecrets: list(LOCAL_REF),
    Affinity: affinity,
    Tolerations: list(shape('Key Operator Value Effect TolerationSeconds?')),
    HostAliases: list(shape('IP Hostnames?', {}, { IP: 'ip' })),
    DNSConfig: (config) =>
      show(config, shape('Nameservers? Searches? Options?'), { Options: list(shape('Name Value?')) }),
    ReadinessGates: list(shape('ConditionType')),
    Overhead: quantities,
    TopologySpreadConstraints: list(
      shape(
        'MaxSkew0 TopologyKey WhenUnsatisfiable LabelSelector? MinDomains? NodeAffinityPolicy? NodeTaintsPolicy? MatchLabelKeys?',
      ),
      { LabelSelector: goSelector },
    ),
    OS: (os) => show(os, shape('Name')),
    SchedulingGates: list(shape('Name')),
    ResourceClaims: list(shape('Name ResourceClaimName? ResourceClaimTemplateName?')),
    Resources: (value) => (value ? resources(value) : null),
  });
}

/** Lines are compared each with each; specs far beyond any real one are not. */
const MOST_CHARACTERS = 50_000;
const small = (value: Fields): boolean => JSON.stringify(value).length <= MOST_CHARACTERS;

/** What differs between two pod specs. */
export const podSpecDifference = (before: Fields, now: Fields): string =>
  small(before) && small(now) ? unifiedDiff(podSpec(before), podSpec(now)) : '';

/** What differs between two ephemeral containers. */
export const ephemeralContainerDifference = (before: Fields, now: Fields): string =>
  small(before) && small(now)
    ? unifiedDiff(show(before, EPHEMERAL, CONTAINER_PARTS), show(now, EPHEMERAL, CONTAINER_PARTS))
    : '';
