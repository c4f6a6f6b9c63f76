import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { RBAC_KINDS, type RbacSource, staticSource } from '../../authorization/rbac/source.ts';
import { manifestSource, readManifests, readObjects } from '../../authorization/rights/manifests.ts';
import type { KubeObject } from '../../meta/object.ts';
import { chooseContexts } from '../certs/cluster-expirations.ts';
import type { Terminal } from '../certs/terminal.ts';
import { ClusterClient } from '../cluster-client.ts';
import {
  type AuditReport,
  type Finding,
  rank,
  reportText,
  SEVERITIES,
  type Severity,
  sortFindings,
  type Unseen,
} from './finding.ts';

export interface AuditFlags {
  kubeconfig?: string[];
  context?: string[];
  allContexts?: boolean;
  from?: string[];
  defaults?: boolean;
  failOn?: Severity;
  output: 'table' | 'json' | 'yaml';
}

/** One cluster, or one folder of manifests, to look into. */
export interface AuditedCluster {
  name: string;
  source: RbacSource;
  /** Objects of a resource; empty, and told of, where they cannot be read. */
  objects(resource: AuditedResource): Promise<KubeObject[]>;
}

/** What audits read besides roles and bindings. */
export const RESOURCES = {
  tokenSecrets: ['/api/v1/secrets', 'Secret', 'type=kubernetes.io/service-account-token'],
  bootstrapSecrets: [
    '/api/v1/namespaces/kube-system/secrets',
    'Secret',
    'type=bootstrap.kubernetes.io/token',
  ],
  pods: ['/api/v1/pods', 'Pod', undefined],
  certificateRequests: [
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    'CertificateSigningRequest',
    undefined,
  ],
} as const;
export type AuditedResource = keyof typeof RESOURCES;

const names = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(',').filter(Boolean),
];

/** The flags by which audits are told what to look into. */
export function withAuditFlags(command: Command): Command {
  return command
    .option('--kubeconfig <files...>', 'kubeconfigs to find contexts in')
    .option('--context <names>', 'clusters to ask, by their contexts, with commas between them', names)
    .option('--all-contexts', 'ask every cluster that the kubeconfigs have')
    .option('--from <paths...>', 'look into manifests, each folder as a cluster of its own')
    .option('--no-defaults', 'leave out the default roles and bindings of every cluster (with --from)')
    .addOption(
      new Option(
        '--fail-on <severity>',
        'exit code 1 where something is found that is as bad or worse',
      ).choices(SEVERITIES),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to show it')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    );
}

/**
 * Looks into each cluster that the flags name, shows what was found, and resolves to the exit code: 1 by `--fail-on`, 2
 * where a cluster could not be looked at.
 */
export async function runAudit(
  flags: AuditFlags,
  terminal: Terminal,
  look: (cluster: AuditedCluster) => Promise<Finding[]>,
  nothing: string,
): Promise<number> {
  const report: AuditReport = { clusters: [], findings: [], unseen: [] };
  for (const path of flags.from ?? []) {
    report.clusters.push(path);
    report.findings.push(...(await look(manifestCluster(path, flags.defaults ?? true))));
  }
  const asks = flags.allContexts === true || flags.context !== undefined;
  if (asks || !flags.from?.length) await lookIntoClusters(flags, report, look, terminal);
  report.findings = sortFindings(report.findings);
  if (flags.output === 'json') terminal.write(`${JSON.stringify(report, null, 2)}\n`);
  else if (flags.output === 'yaml') {
    const { stringify } = await import('yaml');
    terminal.write(stringify(report, { lineWidth: 0 }));
  } else terminal.write(reportText(report, nothing));
  if (report.unseen.length) return 2;
  const { failOn } = flags;
  return failOn && report.findings.some(({ severity }) => rank(severity) <= rank(failOn)) ? 1 : 0;
}

async function lookIntoClusters(
  flags: AuditFlags,
  report: AuditReport,
  look: (cluster: AuditedCluster) => Promise<Finding[]>,
  terminal: Terminal,
): Promise<void> {
  const own = process.env['KUBECONFIG']?.split(':').filter(Boolean);
  const paths = flags.kubeconfig ?? (own?.length ? own : [join(homedir(), '.kube', 'config')]);
  const several = flags.allContexts === true || flags.context !== undefined;
  const { chosen, unknown, unreadable } = chooseContexts(
    paths,
    flags.allContexts ? undefined : flags.context,
  );
  for (const { name, problem = '' } of unreadable) report.unseen.push({ cluster: name, why: problem });
  for (const name of unknown) report.unseen.push({ cluster: name, why: 'no kubeconfig has this context' });
  const targets = several
    ? chosen.map(({ path, context }) => ({ path, context: context as string | undefined }))
    : unreadable.length
      ? []
      : [{ path: paths[0]!, context: undefined }];
  for (const [i, { path, context }] of targets.entries()) {
    if (terminal.progress && targets.length > 1) terminal.tell(`\r${i + 1} of ${targets.length} clusters `);
    let client: ClusterClient | undefined;
    try {
      client = new ClusterClient(path, context);
      const name = client.context.name;
      report.clusters.push(name);
      report.findings.push(...(await look(await liveCluster(name, client, report.unseen))));
    } catch (error) {
      report.unseen.push({ cluster: context ?? path, why: (error as Error).message });
    } finally {
      client?.close();
    }
  }
  if (terminal.progress && targets.length > 1) terminal.tell('\r\x1b[K');
}

async function liveCluster(name: string, client: ClusterClient, unseen: Unseen[]): Promise<AuditedCluster> {
  const lists = await Promise.all(
    Object.values(RBAC_KINDS).map((plural) => client.list(`/apis/rbac.authorization.k8s.io/v1/${plural}`)),
  );
  return {
    name,
    source: staticSource(lists.flat()),
    async objects(resource) {
      const [path, , selector] = RESOURCES[resource];
      try {
        return await client.list(path, selector);
      } catch (error) {
        unseen.push({ cluster: name, why: (error as Error).message });
        return [];
      }
    },
  };
}

function manifestCluster(path: string, defaults: boolean): AuditedCluster {
  const objects = readObjects(path);
  return {
    name: path,
    source: manifestSource(readManifests(path), { defaults }),
    async objects(resource) {
      const [, kind, selector] = RESOURCES[resource];
      return objects.filter(
        (object) => object.kind === kind && (!selector || `type=${object['type']}` === selector),
      );
    },
  };
}
