import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AuditBatchOptions, AuditMode, AuditOptions, AuditTruncateOptions } from '../audit/options.ts';
import { defaultAuthenticationOptions } from '../authentication/flags.ts';
import { EXPLAIN_MODES, type ExplainMode } from '../server/explain-refusal.ts';
import type { ServerOptions } from '../server/options.ts';
import { parseSniCertificate, type SniCertificate } from '../server/sni-certificates.ts';
import { KUBERNETES_VERSION } from '../server/version.ts';
import { apiserverFlags } from './apiserver-flags.ts';
import { FlagError, type FlagValues, helpText, parseFlags } from './flag-set.ts';
import { runServer } from './run-server.ts';
import { cipherList, minTlsVersion } from './tls-flags.ts';

/** `sallyport apiserver FLAGS`: a server in the foreground, with kube-apiserver's flags. Resolves to the exit code. */
export async function apiserver(args: readonly string[]): Promise<number> {
  if (args.includes('--version') || args.includes('--version=true')) {
    process.stdout.write(`Kubernetes v${KUBERNETES_VERSION}\n`);
    return 0;
  }
  let values: FlagValues;
  try {
    const parsed = parseFlags(apiserverFlags, args);
    if (parsed.help) {
      process.stdout.write(
        `The API server of a Kubernetes v1.36 control plane: authenticates, authorizes and validates each request, and\nkeeps the objects of the API.\n\nUsage:\n  sallyport apiserver [flags]\n\n${helpText(apiserverFlags, process.stdout.columns ?? 100)}`,
      );
      return 0;
    }
    values = parsed.values;
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    process.stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
  try {
    return await runServer(await serverOptions(values), values.string('logging-format', 'text'));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    process.stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
}

/** Options of flags, with kube-apiserver's defaults; throws an Error whose message says what does not go together. */
export async function serverOptions(values: FlagValues): Promise<ServerOptions> {
  const etcd = values.list('etcd-servers');
  const dataDir = values.string('data-dir');
  if (etcd.length && dataDir)
    throw new Error('--data-dir and --etcd-servers exclude each other: one store holds everything');
  if (!etcd.length && !dataDir)
    throw new Error('--data-dir or --etcd-servers must be specified: say where objects are kept');
  const port = values.number('secure-port', 6443);
  if (port < 0 || port > 65535)
    throw new Error(
      `--secure-port ${port} must be between 1 and 65535, inclusive. It cannot be turned off with 0`,
    );
  if (
    values.bool('encryption-provider-config-automatic-reload') &&
    !values.string('encryption-provider-config')
  )
    throw new Error(
      '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
    );
  const signingKey = values.string('service-account-signing-key-file');
  const issuers = values.list('service-account-issuer');
  const authentication = defaultAuthenticationOptions();
  const oidcGiven = apiserverFlags.some((g) =>
    g.flags.some((f) => f.name.startsWith('oidc-') && values.has(f.name)),
  );
  const requiredClaims: Record<string, string> = {};
  for (const pair of values.list('oidc-required-claim')) {
    const equals = pair.indexOf('=');
    if (equals < 0)
      throw new Error(
        `invalid argument "${pair}" for "--oidc-required-claim" flag: malformed pair, expect string=string`,
      );
    requiredClaims[pair.slice(0, equals).trim()] = pair.slice(equals + 1).trim();
  }
  const certificates = await servingCertificate(values, dataDir);
  return {
    bindAddress: values.string('bind-address', '0.0.0.0'),
    port,
    advertiseAddress: values.string('advertise-address'),
    externalHostname: values.string('external-hostname'),
    tls: {
      ...certificates,
      minVersion: minTlsVersion(values.string('tls-min-version')),
      ciphers: cipherList(values.list('tls-cipher-suites')),
      sni: values.list('tls-sni-cert-key').map(sniCertificate),
      http2: !values.bool('disable-http2-serving'),
      maxStreams: values.number('http2-max-streams-per-connection', 250) || 250,
    },
    store: etcd.length
      ? {
          engine: 'etcd',
          servers: etcd,
          prefix: values.string('etcd-prefix', '/registry'),
          caFile: values.string('etcd-cafile'),
          certFile: values.string('etcd-certfile'),
          keyFile: values.string('etcd-keyfile'),
          compactionIntervalMs: values.number('etcd-compaction-interval', 300_000),
          healthCheckMs: values.number('etcd-healthcheck-timeout', 2000),
          readyCheckMs: values.number('etcd-readycheck-timeout', 2000),
          leaseReuseSeconds: values.number('lease-reuse-duration-seconds', 60),
        }
      : { engine: 'embedded', folder: resolve(dataDir, 'store') },
    encryption: {
      configFile: values.string('encryption-provider-config'),
      reload: values.bool('encryption-provider-config-automatic-reload'),
    },
    authentication: {
      ...authentication,
      apiAudiences: values.list('api-audiences'),
      anonymousAuth: values.has('anonymous-auth') ? values.bool('anonymous-auth') : undefined,
      authenticationConfig: values.string('authentication-config'),
      enableBootstrapTokenAuth: values.bool('enable-bootstrap-token-auth'),
      clientCaFile: values.string('client-ca-file'),
      clientCaCrlFiles: values.list('client-ca-crl-file'),
      clientCaCrlStale: stalePolicy(values.string('client-ca-crl-stale', 'refuse')),
      tokenAuthFile: values.string('token-auth-file'),
      requestHeader: {
        clientCaFile: values.string('requestheader-client-ca-file'),
        allowedNames: values.list('requestheader-allowed-names'),
        usernameHeaders: values.list('requestheader-username-headers'),
        uidHeaders: values.list('requestheader-uid-headers'),
        groupHeaders: values.list('requestheader-group-headers'),
        extraHeadersPrefixes: values.list('requestheader-extra-headers-prefix'),
      },
      serviceAccounts: {
        issuers,
        keyFiles: values.list('service-account-key-file', signingKey ? [signingKey] : []),
        signingKeyFile: signingKey,
        jwksUri: values.string('service-account-jwks-uri'),
        lookup: values.bool('service-account-lookup', true),
        extendTokenExpiration: values.bool('service-account-extend-token-expiration', true),
        maxTokenExpirationMs: values.number('service-account-max-token-expiration', 0),
      },
      oidc: {
        given: oidcGiven,
        issuerUrl: values.string('oidc-issuer-url'),
        clientId: values.string('oidc-client-id'),
        caFile: values.string('oidc-ca-file'),
        usernameClaim: values.string('oidc-username-claim', 'sub'),
        usernamePrefix: values.string('oidc-username-prefix'),
        groupsClaim: values.string('oidc-groups-claim'),
        groupsPrefix: values.string('oidc-groups-prefix'),
        signingAlgs: values.list('oidc-signing-algs', ['RS256']),
        requiredClaims,
      },
      tokenWebhook: {
        configFile: values.string('authentication-token-webhook-config-file'),
        version: values.string('authentication-token-webhook-version', 'v1beta1'),
        cacheTtlMs: values.number('authentication-token-webhook-cache-ttl', 120_000),
      },
    },
    authorization: {
      modes: values.list('authorization-mode'),
      configFile: values.string('authorization-config'),
      policyFile: values.string('authorization-policy-file'),
      webhookConfigFile: values.string('authorization-webhook-config-file'),
      webhookVersion: values.string('authorization-webhook-version', 'v1beta1'),
      webhookAuthorizedTtlMs: values.number('authorization-webhook-cache-authorized-ttl', 300_000),
      webhookUnauthorizedTtlMs: values.number('authorization-webhook-cache-unauthorized-ttl', 30_000),
      legacyFlagsSet: [
        'authorization-mode',
        'authorization-webhook-config-file',
        'authorization-webhook-version',
        'authorization-webhook-cache-authorized-ttl',
        'authorization-webhook-cache-unauthorized-ttl',
      ].some((name) => values.has(name)),
    },
    admission: {
      enable: values.list('enable-admission-plugins'),
      disable: values.list('disable-admission-plugins'),
      configFile: values.string('admission-control-config-file'),
      notReadySeconds: values.number('default-not-ready-toleration-seconds', 300),
      unreachableSeconds: values.number('default-unreachable-toleration-seconds', 300),
    },
    audit: auditOptions(values),
    controllers: values.list('controllers', ['*']),
    rootCaFile: values.string('root-ca-file'),
    clusterSigningCertFile: values.string('cluster-signing-cert-file'),
    clusterSigningKeyFile: values.string('cluster-signing-key-file'),
    proxyClientCertFile: values.string('proxy-client-cert-file'),
    proxyClientKeyFile: values.string('proxy-client-key-file'),
    allowPrivileged: values.bool('allow-privileged'),
    serviceClusterIpRange: values.string('service-cluster-ip-range', '10.0.0.0/24'),
    serviceNodePortRange: values.string('service-node-port-range', '30000-32767'),
    eventTtlSeconds: values.number('event-ttl', 3_600_000) / 1000,
    console: values.bool('console'),
    explain: explainMode(values.string('explain', 'off')),
    decisionRecords: Math.max(values.number('decision-records', 2000), 0),
    ...loadOptions(values),
  };
}

/** How much the server takes on; checked as kube-apiserver checks it (server/options/server_run_options.go, feature.go). */
function loadOptions(
  values: FlagValues,
): Pick<
  ServerOptions,
  | 'priorityAndFairness'
  | 'maxRequestsInflight'
  | 'maxMutatingRequestsInflight'
  | 'requestTimeoutMs'
  | 'minRequestTimeoutS'
  | 'goawayChance'
  | 'shutdownDelayMs'
> {
  for (const name of [
    'max-requests-inflight',
    'max-mutating-requests-inflight',
    'request-timeout',
    'min-request-timeout',
    'shutdown-delay-duration',
    'http2-max-streams-per-connection',
  ])
    if (values.number(name, 0) < 0) throw new Error(`--${name} can not be negative value`);
  const goawayChance = values.number('goaway-chance', 0);
  if (goawayChance < 0 || goawayChance > 0.02)
    throw new Error('--goaway-chance can not be less than 0 or greater than 0.02');
  const priorityAndFairness = values.bool('enable-priority-and-fairness', true);
  const maxRequestsInflight = values.number('max-requests-inflight', 400);
  const maxMutatingRequestsInflight = values.number('max-mutating-requests-inflight', 200);
  if (priorityAndFairness && maxRequestsInflight + maxMutatingRequestsInflight <= 0)
    throw new Error(
      `invalid configuration: MaxRequestsInFlight=${maxRequestsInflight} and MaxMutatingRequestsInFlight=${maxMutatingRequestsInflight}; they must add up to something positive`,
    );
  return {
    priorityAndFairness,
    maxRequestsInflight,
    maxMutatingRequestsInflight,
    requestTimeoutMs: values.number('request-timeout', 60_000),
    minRequestTimeoutS: values.number('min-request-timeout', 1800),
    goawayChance,
    shutdownDelayMs: values.number('shutdown-delay-duration', 0),
  };
}

function sniCertificate(text: string): SniCertificate {
  try {
    return parseSniCertificate(text);
  } catch (error) {
    throw new Error(`--tls-sni-cert-key ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}

function stalePolicy(text: string): 'refuse' | 'warn' {
  if (text === 'refuse' || text === 'warn') return text;
  throw new Error(`--client-ca-crl-stale has to be refuse or warn, not ${JSON.stringify(text)}`);
}

function explainMode(text: string): ExplainMode {
  const mode = EXPLAIN_MODES.find((one) => one === text);
  if (mode) return mode;
  throw new Error(`--explain has to be one of ${EXPLAIN_MODES.join(', ')}, not ${JSON.stringify(text)}`);
}

/** The pair that flags name, or apiserver.crt and apiserver.key of --cert-dir, made where they are missing. */
async function servingCertificate(
  values: FlagValues,
  dataDir: string,
): Promise<{ certFile: string; keyFile: string }> {
  const certFile = values.string('tls-cert-file');
  const keyFile = values.string('tls-private-key-file');
  if (certFile || keyFile) {
    if (!certFile || !keyFile)
      throw new Error('--tls-cert-file and --tls-private-key-file must be specified together');
    return { certFile, keyFile };
  }
  const folder = values.string('cert-dir', dataDir ? join(dataDir, 'pki') : '/var/run/kubernetes');
  const pair = { certFile: join(folder, 'apiserver.crt'), keyFile: join(folder, 'apiserver.key') };
  if (!existsSync(pair.certFile) || !existsSync(pair.keyFile)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { writeSelfSigned } = await import('../pki/self-signed.ts');
    await writeSelfSigned(pair, values.string('external-hostname'), values.string('bind-address', '0.0.0.0'));
  }
  return pair;
}

function auditOptions(values: FlagValues): AuditOptions {
  const batch = (kind: string, otherwise: AuditBatchOptions): AuditBatchOptions => ({
    bufferSize: values.number(`audit-${kind}-batch-buffer-size`, otherwise.bufferSize),
    maxSize: values.number(`audit-${kind}-batch-max-size`, otherwise.maxSize),
    maxWaitMs: values.number(`audit-${kind}-batch-max-wait`, otherwise.maxWaitMs),
    throttle: values.bool(`audit-${kind}-batch-throttle-enable`, otherwise.throttle),
    qps: values.number(`audit-${kind}-batch-throttle-qps`, otherwise.qps),
    burst: values.number(`audit-${kind}-batch-throttle-burst`, otherwise.burst),
  });
  const truncate = (kind: string): AuditTruncateOptions => ({
    enabled: values.bool(`audit-${kind}-truncate-enabled`),
    maxBatchBytes: values.number(`audit-${kind}-truncate-max-batch-size`, 10 * 1024 * 1024),
    maxEventBytes: values.number(`audit-${kind}-truncate-max-event-size`, 100 * 1024),
  });
  return {
    policyFile: values.string('audit-policy-file'),
    log: {
      path: values.string('audit-log-path'),
      format: values.string('audit-log-format', 'json'),
      mode: values.string('audit-log-mode', 'blocking') as AuditMode,
      maxAgeDays: values.number('audit-log-maxage', 366),
      maxBackups: values.number('audit-log-maxbackup', 100),
      maxSizeMegabytes: values.number('audit-log-maxsize', 100),
      compress: values.bool('audit-log-compress'),
      version: values.string('audit-log-version', 'audit.k8s.io/v1'),
      batch: batch('log', {
        bufferSize: 10_000,
        maxSize: 1,
        maxWaitMs: 0,
        throttle: false,
        qps: 0,
        burst: 0,
      }),
      truncate: truncate('log'),
    },
    webhook: {
      configFile: values.string('audit-webhook-config-file'),
      mode: values.string('audit-webhook-mode', 'batch') as AuditMode,
      initialBackoffMs: values.number('audit-webhook-initial-backoff', 10_000),
      version: values.string('audit-webhook-version', 'audit.k8s.io/v1'),
      batch: batch('webhook', {
        bufferSize: 10_000,
        maxSize: 400,
        maxWaitMs: 30_000,
        throttle: true,
        qps: 10,
        burst: 15,
      }),
      truncate: truncate('webhook'),
    },
  };
}
