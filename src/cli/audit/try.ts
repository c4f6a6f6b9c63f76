import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readPolicy } from '../../audit/create.ts';
import { type AuditConfig, PolicyEvaluator } from '../../audit/evaluate.ts';
import type { AuditPolicy, AuditStage } from '../../audit/policy.ts';
import { requestAttributes } from '../../authorization/attributes.ts';
import type { AuthorizationAttributes } from '../../authorization/authorizer.ts';
import { requestInfo } from '../../request/request-info.ts';

interface Flags {
  request: string;
  as?: string;
  asGroup?: string[];
  output?: string;
}

/** What an audit policy makes of a request. */
export interface AuditTrial {
  /** From 0, as in the policy; absent: no rule fits. */
  rule?: number;
  level: AuditConfig['level'];
  /** The events written, by stage. */
  stages: AuditStage[];
  /** What stands in the events beside the metadata. */
  objects: string[];
  omitManagedFields: boolean;
}

/** `sallyport audit try POLICY --request 'GET /api/v1/pods'`: which rule a request would meet and what would be written. */
export function registerTry(
  audit: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  const collect = (value: string, all: string[] = []): string[] => [...all, value];
  audit
    .command('try')
    .description('which rule of an audit policy a request meets, and what is written of it')
    .argument('<policy>', 'file with an audit.k8s.io/v1 Policy')
    .requiredOption(
      '--request <request>',
      "method and target, such as 'GET /api/v1/namespaces/default/pods?watch=true'",
    )
    .option('--as <user>', 'who asks; nobody known if left out')
    .option('--as-group <group>', 'a group of theirs; may be given again', collect)
    .option('-o, --output <format>', 'text or json', 'text')
    .action((path: string, flags: Flags) => {
      try {
        const warn = (text: string): void => void process.stderr.write(`Warning: ${text}\n`);
        const policy = readPolicy(path, readFileSync(path, 'utf8'), warn);
        const trial = tryPolicy(policy, attributesOf(flags));
        write(flags.output === 'json' ? `${JSON.stringify(trial, null, 2)}\n` : trialText(policy, trial));
      } catch (error) {
        process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
      }
    });
}

/** The request that `--request`, `--as` and `--as-group` stand for; throws where it is none. */
export function attributesOf({
  request,
  as = '',
  asGroup = [],
}: Pick<Flags, 'request' | 'as' | 'asGroup'>): AuthorizationAttributes {
  const [method = '', target = '', ...rest] = request.trim().split(/\s+/);
  if (!/^[A-Za-z]+$/.test(method) || !target.startsWith('/') || rest.length) {
    throw new Error(`--request takes a method and a path, such as 'GET /api/v1/pods', not '${request}'`);
  }
  const [path = '/', query = ''] = target.split('?', 2);
  const info = requestInfo(method.toUpperCase(), path, new URLSearchParams(query));
  const groups =
    as === ''
      ? asGroup
      : [
          ...new Set([
            ...asGroup,
            as === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated',
          ]),
        ];
  return requestAttributes(info, { name: as, groups });
}

const LONG_RUNNING = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

export function tryPolicy(policy: AuditPolicy, attributes: AuthorizationAttributes): AuditTrial {
  const { level, stages, omitManagedFields, rule } = new PolicyEvaluator(policy).evaluate(attributes);
  if (level === 'None')
    return { ...(rule >= 0 ? { rule } : {}), level, stages: [], objects: [], omitManagedFields: false };
  const long = attributes.verb === 'watch' || LONG_RUNNING.has(attributes.subresource);
  const possible: AuditStage[] = [
    'RequestReceived',
    ...(long ? ['ResponseStarted' as const] : []),
    'ResponseComplete',
    'Panic',
  ];
  const objects = {
    Metadata: [],
    Request: ['requestObject'],
    RequestResponse: ['requestObject', 'responseObject'],
  }[level];
  return { rule, level, stages: possible.filter((stage) => stages.has(stage)), objects, omitManagedFields };
}

function trialText(
  policy: AuditPolicy,
  { rule, level, stages, objects, omitManagedFields }: AuditTrial,
): string {
  if (rule === undefined) return 'No rule fits: nothing is written.\n';
  const given = Object.entries(policy.rules[rule]!).filter(
    ([, value]) => !Array.isArray(value) || value.length > 0,
  );
  const lines = [
    `Rule ${rule + 1} of ${policy.rules.length} fits: ${JSON.stringify(Object.fromEntries(given))}`,
    `Level: ${level}`,
  ];
  if (level === 'None') return `${[...lines, 'Nothing is written.'].join('\n')}\n`;
  if (stages.length === 0) return `${[...lines, 'Nothing is written: every stage is omitted.'].join('\n')}\n`;
  const written = stages.filter((stage) => stage !== 'Panic');
  if (written.length) lines.push(`Events: ${written.join(', ')}`);
  if (stages.includes('Panic'))
    lines.push('Should the server fail on it: Panic in place of ResponseComplete');
  lines.push(
    `With: metadata${objects.map((name) => `, ${name}`).join('')}${omitManagedFields && objects.length ? ', without managedFields' : ''}`,
  );
  return `${lines.join('\n')}\n`;
}
