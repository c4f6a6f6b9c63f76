import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { decisionTree, type ExplainedDecision } from '../explain/tree.ts';
import { ClusterClient } from './cluster-client.ts';
import { canvasOf } from './terminal.ts';

interface Flags {
  last?: boolean;
  follow?: boolean;
  user?: string;
  verdict?: string;
  kubeconfig?: string;
  context?: string;
  output: string;
}

const DECISIONS = '/sallyport/v1/decisions';
/** Reading decisions is itself a request: so many are looked through for the last of somebody else's. */
const LOOK_BACK = 200;

/** `sallyport explain ID|--last|--follow`: the way of a request through the doors, from the server that it went to. */
export function registerExplain(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  program
    .command('explain')
    .description(
      'show why a request got in or not: each door, whom it asked, what they said, and what would help',
    )
    .argument('[id]', 'the Audit-Id of the answer (kubectl -v=8 shows it)')
    .option('--last', 'the last request')
    .option('--follow', 'requests from now on, as they end')
    .option('--user <name>', 'only requests of this user, or made as him')
    .option('--verdict <verdict>', 'only requests that were `allowed` or `refused`, or had this verdict code')
    .option('--kubeconfig <file>', 'the server to ask, and as whom')
    .option('--context <name>', 'another context of the kubeconfig than its current one')
    .option('-o, --output <format>', 'tree or json', 'tree')
    .action(async (id: string | undefined, flags: Flags) => {
      if ([id !== undefined, flags.last, flags.follow].filter(Boolean).length !== 1)
        return fail('say which request: an id, --last or --follow');
      if (flags.output !== 'tree' && flags.output !== 'json') return fail('--output is tree or json');
      const shown = (decision: ExplainedDecision): void =>
        write(flags.output === 'json' ? `${JSON.stringify(decision)}\n` : decisionTree(decision, canvasOf()));
      let client: ClusterClient | undefined;
      try {
        client = new ClusterClient(kubeconfigPath(flags.kubeconfig), flags.context);
        await ask(client, id, flags, shown);
      } catch (error) {
        fail((error as Error).message);
      } finally {
        client?.close();
      }
    });
}

async function ask(
  client: ClusterClient,
  id: string | undefined,
  { last, user, verdict }: Flags,
  shown: (decision: ExplainedDecision) => void,
): Promise<void> {
  const query = new URLSearchParams({ whyNot: 'true' });
  if (user) query.set('user', user);
  if (verdict) query.set('verdict', verdict);
  if (id !== undefined) {
    shown((await client.get(`${DECISIONS}/${encodeURIComponent(id)}?${query}`)) as never);
    return;
  }
  if (last) {
    query.set('limit', String(LOOK_BACK));
    const { items } = (await client.get(`${DECISIONS}?${query}`)) as unknown as {
      items: ExplainedDecision[];
    };
    const found = items.find((decision) => !isOurs(decision));
    if (!found) throw new Error('the server keeps no such request');
    shown(found);
    return;
  }
  query.set('watch', '1');
  await client.follow(`${DECISIONS}?${query}`, (line) => {
    const decision = JSON.parse(line) as ExplainedDecision;
    if (!isOurs(decision)) shown(decision);
  });
}

const isOurs = ({ request }: ExplainedDecision): boolean =>
  request.path === DECISIONS || request.path.startsWith(`${DECISIONS}/`);

/** As kubectl looks for it. */
export const kubeconfigPath = (given: string | undefined): string =>
  given ?? process.env['KUBECONFIG']?.split(':')[0] ?? join(homedir(), '.kube', 'config');

function fail(message: string): void {
  process.stderr.write(`Error: ${message}\n`);
  process.exitCode = 1;
}
