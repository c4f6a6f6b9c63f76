import type { AuditOptions } from '../audit/options.ts';
import type { AuthenticationOptions } from '../authentication/flags.ts';
import type { AuthorizationOptions } from '../authorization/config/flags.ts';
import type { ExplainMode } from './explain-refusal.ts';
import type { SniCertificate } from './sni-certificates.ts';

/** Everything a server is started with; `cli/apiserver.ts` makes it of flags, programs may make it themselves. */
export interface ServerOptions {
  bindAddress: string;
  /** 0: any free port. */
  port: number;
  advertiseAddress: string;
  externalHostname: string;
  tls: {
    certFile: string;
    keyFile: string;
    /** `--tls-sni-cert-key`, repeated. */
    sni: readonly SniCertificate[];
    minVersion: 'TLSv1.2' | 'TLSv1.3';
    /** OpenSSL's list for TLS 1.2; undefined: Node.js' own. */
    ciphers: string | undefined;
    http2: boolean;
    maxStreams: number;
  };
  store:
    | { engine: 'embedded'; folder: string }
    | {
        engine: 'etcd';
        servers: readonly string[];
        prefix: string;
        caFile: string;
        certFile: string;
        keyFile: string;
        /** 0: this server never compacts. */
        compactionIntervalMs: number;
        /** How long etcd may take to answer a health check, and one of readiness. */
        healthCheckMs: number;
        readyCheckMs: number;
        leaseReuseSeconds: number;
      };
  encryption: { configFile: string; reload: boolean };
  authentication: AuthenticationOptions;
  authorization: AuthorizationOptions;
  admission: {
    enable: readonly string[];
    disable: readonly string[];
    configFile: string;
    notReadySeconds: number;
    unreachableSeconds: number;
  };
  audit: AuditOptions;
  controllers: readonly string[];
  /** PEM files of kube-controller-manager's; empty: not given. */
  rootCaFile: string;
  clusterSigningCertFile: string;
  clusterSigningKeyFile: string;
  proxyClientCertFile: string;
  proxyClientKeyFile: string;
  allowPrivileged: boolean;
  serviceClusterIpRange: string;
  serviceNodePortRange: string;
  eventTtlSeconds: number;
  decisionRecords: number;
  /** Whether the page at /console is served; off unless told. */
  console?: boolean;
  /** Who is told in the answer why a request is refused. */
  explain: ExplainMode;
  /** API Priority and Fairness; false: the two numbers below bound reads and writes. */
  priorityAndFairness: boolean;
  maxRequestsInflight: number;
  maxMutatingRequestsInflight: number;
  /** How long a request may take that is no watch. */
  requestTimeoutMs: number;
  /** A watch without a limit of its own ends after this, or up to twice this. */
  minRequestTimeoutS: number;
  /** Of HTTP/2 requests, the part after whose answers the client is to make a new connection. */
  goawayChance: number;
  shutdownDelayMs: number;
}
