import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import { type Clock, systemClock } from '../meta/clock.ts';
import { quote } from '../meta/go-quote.ts';
import { nodeFiles, WatchedFiles } from '../meta/watched-files.ts';
import { WebhookClient } from '../webhook/client.ts';
import { readKubeconfig, targetOf } from '../webhook/kubeconfig.ts';
import { type AuditBackend, LenientBackend, type LossReport, UnionBackend } from './backend.ts';
import { BatchingBackend } from './batch.ts';
import { type AuditConfig, PolicyEvaluator } from './evaluate.ts';
import { LogBackend, stdoutSink } from './log-backend.ts';
import type { AuditBatchOptions, AuditMode, AuditOptions, AuditTruncateOptions } from './options.ts';
import { type AuditPolicy, parsePolicy } from './policy.ts';
import { RotatingFile } from './rotating-file.ts';
import { TruncatingBackend } from './truncate.ts';
import { WebhookBackend } from './webhook-backend.ts';

export interface AuditReport {
  warn(text: string): void;
  reloaded(path: string): void;
  /** The file is bad; what was read before stays in force. */
  bad(path: string, error: unknown): void;
  lost: LossReport;
}

/** A policy and the backends that take what it lets through. */
export interface Audit {
  readonly backend: AuditBackend;
  evaluate(attributes: AuthorizationAttributes): AuditConfig;
  close(): Promise<void>;
}

/** What `--audit-policy-file` says, in kube-apiserver's words where it cannot be used. */
export function readPolicy(path: string, text: string, warn: (text: string) => void): AuditPolicy {
  try {
    return parsePolicy(text, warn);
  } catch (error) {
    throw new Error(`loading audit policy file: ${(error as Error).message}: from file ${path}`);
  }
}

/**
 * Audit as the flags ask for it; undefined where they ask for none, which takes a policy and a backend. Throws what is
 * wrong with the flags or the policy. The policy is read again when its file changes.
 */
export function createAudit(
  options: AuditOptions,
  report: AuditReport,
  clock: Clock = systemClock,
): Audit | undefined {
  const faults = optionFaults(options);
  if (faults.length) throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
  if (options.policyFile === '') {
    if (options.log.path) prepareLog(options.log.path);
    return undefined;
  }
  try {
    readFileSync(options.policyFile);
  } catch (error) {
    throw new Error(
      `loading audit policy file: failed to read file path ${quote(options.policyFile)}: ${openWords(options.policyFile, error)}`,
    );
  }
  const policy = new WatchedFiles(
    [options.policyFile],
    ([text]) => new PolicyEvaluator(readPolicy(options.policyFile, text!, report.warn)),
    { files: nodeFiles, report: { loaded: report.reloaded, bad: report.bad } },
  );
  const backends: AuditBackend[] = [];
  if (options.log.path) backends.push(logBackend(options, report, clock));
  if (options.webhook.configFile) backends.push(webhookBackend(options, report, clock));
  if (backends.length === 0) return undefined;
  const backend = backends.length === 1 ? backends[0]! : new UnionBackend(backends);
  policy.start();
  return {
    backend,
    evaluate: (attributes) => policy.current().evaluate(attributes),
    close() {
      policy.stop();
      return backend.close();
    },
  };
}

function logBackend({ log }: AuditOptions, { lost }: AuditReport, clock: Clock): AuditBackend {
  if (log.path !== '-') prepareLog(log.path);
  const sink =
    log.path === '-'
      ? stdoutSink
      : new RotatingFile(log.path, {
          maxBytes: log.maxSizeMegabytes * 1024 * 1024,
          maxAgeDays: log.maxAgeDays,
          maxBackups: log.maxBackups,
          compress: log.compress,
          now: () => clock.now(),
          failed: (error) => lost(error.message, 0),
        });
  const backend = inMode(new LogBackend(sink, log.format, lost), log.mode, log.batch, {
    lost,
    concurrent: false,
    clock,
  });
  return log.truncate.enabled ? new TruncatingBackend(backend, log.truncate, lost) : backend;
}

function webhookBackend({ webhook }: AuditOptions, { lost }: AuditReport, clock: Clock): AuditBackend {
  let client: WebhookClient;
  try {
    client = new WebhookClient(targetOf(readKubeconfig(webhook.configFile)));
  } catch (error) {
    throw new Error(`initializing audit webhook: ${(error as Error).message}`);
  }
  const sender = new WebhookBackend(client, { initialBackoffMs: webhook.initialBackoffMs, lost });
  const backend = inMode(sender, webhook.mode, webhook.batch, { lost, concurrent: true, clock });
  return webhook.truncate.enabled ? new TruncatingBackend(backend, webhook.truncate, lost) : backend;
}

function inMode(
  backend: AuditBackend,
  mode: AuditMode,
  batch: AuditBatchOptions,
  parts: { lost: LossReport; concurrent: boolean; clock: Clock },
): AuditBackend {
  if (mode === 'blocking-strict') return backend;
  return mode === 'blocking' ? new LenientBackend(backend) : new BatchingBackend(backend, batch, parts);
}

/** A log that cannot be written is found out at the start. */
function prepareLog(path: string): void {
  if (path === '-') return;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new Error(`ensureLogFile: ${openWords(path, error)}`);
  }
}

const ERRNO: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
};

function openWords(path: string, error: unknown): string {
  const { code = '', syscall, path: at } = error as NodeJS.ErrnoException;
  const operation = syscall === 'mkdir' ? 'mkdir' : code === 'EISDIR' && syscall === 'read' ? 'read' : 'open';
  return `${operation} ${at ?? path}: ${ERRNO[code] ?? code}`;
}

const MODES = ['batch', 'blocking', 'blocking-strict'];

/** What kube-apiserver refuses about the flags (apiserver pkg/server/options/audit.go). */
export function optionFaults({ log, webhook }: AuditOptions): string[] {
  const faults: string[] = [];
  if (log.path) {
    faults.push(...commonFaults('log', log));
    if (!['legacy', 'json'].includes(log.format))
      faults.push(`invalid audit log format ${log.format}, allowed formats are "legacy,json"`);
    const sizes: [string, number][] = [
      ['--audit-log-maxage', log.maxAgeDays],
      ['--audit-log-maxbackup', log.maxBackups],
      ['--audit-log-maxsize', log.maxSizeMegabytes],
    ];
    for (const [flag, value] of sizes)
      if (value < 0) faults.push(`${flag} ${value} can't be a negative number`);
  }
  if (webhook.configFile) faults.push(...commonFaults('webhook', webhook));
  return faults;
}

function commonFaults(
  name: string,
  options: { mode: AuditMode; batch: AuditBatchOptions; truncate: AuditTruncateOptions; version: string },
): string[] {
  const { batch, truncate, mode, version } = options;
  const faults = [modeFault(name, mode, batch)];
  if (truncate.maxEventBytes <= 0)
    faults.push(
      `invalid audit truncate ${name} max event size ${truncate.maxEventBytes}, must be a positive number`,
    );
  else if (truncate.maxBatchBytes < truncate.maxEventBytes) {
    faults.push(
      `invalid audit truncate ${name} max batch size ${truncate.maxBatchBytes}, must be greater than max event size (${truncate.maxEventBytes})`,
    );
  }
  if (version !== 'audit.k8s.io/v1') {
    const parts = version.split('/').length;
    faults.push(
      parts > 2
        ? `unexpected GroupVersion string: ${version}`
        : 'invalid group version, allowed versions are [{"audit.k8s.io" "v1"}]',
    );
  }
  return faults.filter((fault) => fault !== undefined);
}

function modeFault(name: string, mode: AuditMode, batch: AuditBatchOptions): string | undefined {
  if (!MODES.includes(mode))
    return `invalid audit ${name} mode ${mode}, allowed modes are "${MODES.join(',')}"`;
  if (mode !== 'batch') return undefined;
  const wrong = (what: string, value: number): string =>
    `invalid audit batch ${name} ${what} ${value}, must be a positive number`;
  if (batch.bufferSize <= 0) return wrong('buffer size', batch.bufferSize);
  if (batch.maxSize <= 0) return wrong('max batch size', batch.maxSize);
  if (batch.throttle && batch.qps <= 0) return wrong('throttle QPS', batch.qps);
  if (batch.throttle && batch.burst <= 0) return wrong('throttle burst', batch.burst);
  return undefined;
}
