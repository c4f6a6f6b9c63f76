import type { Command } from 'commander';
import { diffRights, type RightsChange } from '../authorization/rights/diff.ts';
import { escalationsOf } from '../authorization/rights/escalations.ts';
import { manifestSource, readManifests } from '../authorization/rights/manifests.ts';
import { rightsOf } from '../authorization/rights/rights-of.ts';
import { subjectText } from '../authorization/rights/types.ts';
import { AUTHENTICATED, type UserInfo } from '../meta/user.ts';
import { bindingCell, roleCell, ruleCell, scopeCell, table } from './rbac-output.ts';
import { type RbacSourceFlags, rbacSource } from './rbac-source.ts';

interface Flags extends RbacSourceFlags {
  group?: string[];
  namespace?: string;
  output?: string;
}

interface DiffFlags {
  defaults?: boolean;
  failOnEscalation?: boolean;
  output?: string;
}

type Write = (text: string) => void;

/** `sallyport rights of WHO` and `sallyport rights diff BEFORE AFTER`. */
export function registerRights(
  program: Command,
  write: Write = (text) => void process.stdout.write(text),
): void {
  const rights = program
    .command('rights')
    .description('what RBAC lets somebody do, and what a change to it would change');
  rights
    .command('of')
    .description(
      'list all rights of a user or ServiceAccount, each with the binding and role it comes through',
    )
    .argument('<who>', 'a user name, or serviceaccount:NAMESPACE:NAME')
    .option('--group <name...>', 'further groups the user is in')
    .option('-n, --namespace <name>', 'besides what holds everywhere, only what holds in this namespace')
    .option('--from <path>', 'read roles and bindings from a manifest or a folder of them')
    .option('--no-defaults', 'leave out the default roles and bindings of every cluster (with --from)')
    .option('--kubeconfig <file>', "read them from this kubeconfig's cluster")
    .option('--context <name>', 'another context of the kubeconfig than its current one')
    .option('-o, --output <format>', 'table or json', 'table')
    .action(async (who: string, flags: Flags) => {
      const { rows, dangling } = rightsOf(
        await rbacSource(flags),
        userOf(who, flags.group ?? []),
        flags.namespace,
      );
      if (flags.output === 'json') {
        write(`${JSON.stringify({ rights: rows, dangling }, null, 2)}\n`);
        return;
      }
      const cells = rows.map((row) => [
        scopeCell(row.namespace),
        ruleCell(row.rule),
        bindingCell(row),
        roleCell(row),
        subjectText(row.subject),
        escalationsOf(row.rule)
          .map((e) => e.words)
          .join('; '),
      ]);
      write(
        rows.length
          ? table(['NAMESPACE', 'RULE', 'BINDING', 'ROLE', 'AS', 'CAN RISE: MAY'], cells)
          : 'No rights.\n',
      );
      for (const lost of dangling)
        write(`${bindingCell(lost)} refers to ${roleCell(lost)}, which does not exist.\n`);
    });
  rights
    .command('diff')
    .description('compare two sets of manifests by the rights they give, whatever way they are written')
    .argument('<before>', 'a manifest or a folder of them')
    .argument('<after>', 'the same after the change')
    .option('--no-defaults', 'leave out the default roles and bindings of every cluster')
    .option('--fail-on-escalation', 'exit with 2 if somebody gains a right by which they can gain more')
    .option('-o, --output <format>', 'table or json', 'table')
    .action((before: string, after: string, flags: DiffFlags) => {
      const source = (path: string) =>
        manifestSource(readManifests(path), { defaults: flags.defaults ?? true });
      const changes = diffRights(source(before), source(after));
      write(flags.output === 'json' ? `${JSON.stringify(changes, null, 2)}\n` : diffText(changes));
      if (flags.failOnEscalation && changes.some(({ escalations }) => escalations.length))
        process.exitCode = 2;
    });
}

/** A user with the groups everybody of that sort is in. */
export function userOf(who: string, groups: readonly string[]): UserInfo {
  const account = /^(?:system:)?serviceaccount:([^:]+):([^:]+)$/.exec(who);
  if (!account) return { name: who, groups: [...groups, AUTHENTICATED] };
  const [, namespace, name] = account;
  const own = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { name: `system:serviceaccount:${namespace}:${name}`, groups: [...own, ...groups, AUTHENTICATED] };
}

function diffText(changes: readonly RightsChange[]): string {
  if (changes.length === 0) return 'No change of rights.\n';
  return changes
    .map((change) => {
      const sign = change.change === 'gained' ? '+' : '-';
      const head = `${sign} ${subjectText(change.subject)}  ${scopeCell(change.namespace)}  by ${bindingCell(change)} of ${roleCell(change)}`;
      const rules = change.rules.map((rule) => `    ${ruleCell(rule)}`);
      const rises = change.escalations.map(({ words }) => `    ! may ${words}`);
      return [head, ...rules, ...rises].join('\n');
    })
    .join('\n')
    .concat('\n');
}
