import type { Command } from 'commander';
import { ClusterClient, ClusterError } from './cluster-client.ts';
import { kubeconfigPath } from './explain.ts';

const LINKS = '/sallyport/v1/console/links';

interface Flags {
  kubeconfig?: string;
  context?: string;
  output: string;
}

/** `sallyport console`: a link that opens the console of a running server once, as the user of the kubeconfig. */
export function registerConsole(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  program
    .command('console')
    .description(
      'print a link that opens the console of a running server, once and as the user of the kubeconfig',
    )
    .option('--kubeconfig <file>', 'the server to ask, and as whom')
    .option('--context <name>', 'another context of the kubeconfig than its current one')
    .option('-o, --output <format>', 'text or json', 'text')
    .action(async ({ kubeconfig, context, output }: Flags) => {
      if (output !== 'text' && output !== 'json') return fail('--output is text or json');
      let client: ClusterClient | undefined;
      try {
        client = new ClusterClient(kubeconfigPath(kubeconfig), context);
        const { path, expires } = (await client.post(LINKS, {})) as unknown as Record<string, string>;
        const url = new URL(path!, client.context.cluster.server).href;
        write(
          output === 'json'
            ? `${JSON.stringify({ url, expires })}\n`
            : `${url}\n\nIt opens once, until ${expires}, and shows what the user of this kubeconfig may see.\n`,
        );
      } catch (error) {
        fail(wordsOf(error as Error));
      } finally {
        client?.close();
      }
    });
}

function wordsOf(error: Error): string {
  if (!(error instanceof ClusterError)) return error.message;
  if (error.status === 404)
    return 'this server has no console: start it with --console (sallyport up has one anyhow)';
  if (error.status === 403)
    return `${error.message}\nLet whoever administers the server allow it:\n  kubectl create clusterrole sallyport-console --verb=get,post,delete --non-resource-url='/sallyport/v1/*'\n  kubectl create clusterrolebinding sallyport-console --clusterrole=sallyport-console --user=NAME`;
  return error.message;
}

function fail(message: string): void {
  process.stderr.write(`Error: ${message}\n`);
  process.exitCode = 1;
}
