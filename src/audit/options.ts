/** kube-apiserver's `--audit-*` flags. */
export interface AuditOptions {
  /** `--audit-policy-file`; empty: nothing is audited. */
  policyFile: string;
  log: AuditLogOptions;
  webhook: AuditWebhookOptions;
}

/** How events reach a backend: one by one before the answer goes, or gathered behind it. */
export type AuditMode = 'batch' | 'blocking' | 'blocking-strict';

export interface AuditBatchOptions {
  bufferSize: number;
  maxSize: number;
  maxWaitMs: number;
  throttle: boolean;
  qps: number;
  burst: number;
}

export interface AuditTruncateOptions {
  enabled: boolean;
  maxBatchBytes: number;
  maxEventBytes: number;
}

export interface AuditLogOptions {
  /** `--audit-log-path`; empty: no log; `-`: standard output. */
  path: string;
  format: string;
  mode: AuditMode;
  maxAgeDays: number;
  maxBackups: number;
  maxSizeMegabytes: number;
  compress: boolean;
  version: string;
  batch: AuditBatchOptions;
  truncate: AuditTruncateOptions;
}

export interface AuditWebhookOptions {
  /** `--audit-webhook-config-file`; empty: no webhook. */
  configFile: string;
  mode: AuditMode;
  initialBackoffMs: number;
  version: string;
  batch: AuditBatchOptions;
  truncate: AuditTruncateOptions;
}
