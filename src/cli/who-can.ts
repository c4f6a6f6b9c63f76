import type { Command } from 'commander';
import { subjectText } from '../authorization/rights/types.ts';
import { type Question, whoCan } from '../authorization/rights/who-can.ts';
import { preferredResource, resources } from '../schema/resources.ts';
import { bindingCell, roleCell, ruleCell, scopeCell, table } from './rbac-output.ts';
import { type RbacSourceFlags, rbacSource } from './rbac-source.ts';

interface Flags extends RbacSourceFlags {
  namespace?: string;
  allNamespaces?: boolean;
  subresource?: string;
  output?: string;
}

/** `sallyport who-can VERB RESOURCE|URL`: everybody who may do something, and through which bindings. */
export function registerWhoCan(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  program
    .command('who-can')
    .description('list everybody whom RBAC lets do something, each with the binding and role that do')
    .argument('<verb>', 'a verb such as get, create or impersonate; for a URL a method in lower case')
    .argument('<what>', 'a resource (pods, deployments.apps, pods/NAME with a name) or a URL (/metrics)')
    .option('-n, --namespace <name>', 'the namespace to do it in')
    .option('-A, --all-namespaces', 'in any namespace, each by itself')
    .option('--subresource <name>', 'a subresource, such as log or exec')
    .option('--from <path>', 'read roles and bindings from a manifest or a folder of them')
    .option('--no-defaults', 'leave out the default roles and bindings of every cluster (with --from)')
    .option('--kubeconfig <file>', "read them from this kubeconfig's cluster")
    .option('--context <name>', 'another context of the kubeconfig than its current one')
    .option('-o, --output <format>', 'table or json', 'table')
    .action(async (verb: string, what: string, flags: Flags) => {
      const rows = whoCan(await rbacSource(flags), questionOf(verb, what, flags));
      if (flags.output === 'json') {
        write(`${JSON.stringify(rows, null, 2)}\n`);
        return;
      }
      if (rows.length === 0) {
        write('Nobody but members of system:masters.\n');
        return;
      }
      const cells = rows.map((row) => [
        subjectText(row.subject),
        scopeCell(row.namespace),
        bindingCell(row),
        roleCell(row),
        ruleCell(row.rule),
      ]);
      write(table(['SUBJECT', 'NAMESPACE', 'BINDING', 'ROLE', 'RULE'], cells));
      write('Besides: members of system:masters.\n');
    });
}

/** What the arguments ask for. A resource without a group is looked for among the built-in ones, short names too. */
export function questionOf(
  verb: string,
  what: string,
  flags: Pick<Flags, 'namespace' | 'allNamespaces' | 'subresource'>,
): Question {
  if (what.startsWith('/')) return { verb, path: what };
  const [typed = '', name = ''] = what.split('/', 2);
  const { group, resource, namespaced } = resolve(typed);
  const namespace = !namespaced ? '' : flags.allNamespaces ? '*' : (flags.namespace ?? 'default');
  return { verb, group, resource, subresource: flags.subresource ?? '', name, namespace };
}

function resolve(typed: string): { group: string; resource: string; namespaced: boolean } {
  const dot = typed.indexOf('.');
  if (dot >= 0) {
    const resource = typed.slice(0, dot);
    const group = typed.slice(dot + 1);
    return { group, resource, namespaced: preferredResource({ group, resource })?.namespaced ?? true };
  }
  const lower = typed.toLowerCase();
  const known = resources.find(
    (r) =>
      r.plural === lower ||
      r.singular === lower ||
      r.kind.toLowerCase() === lower ||
      r.shortNames.includes(lower),
  );
  return known
    ? { group: known.group, resource: known.plural, namespaced: known.namespaced }
    : { group: '', resource: typed, namespaced: true };
}
