import { Command } from 'commander';

/** Every command but `apiserver`, which has its own flags. Resolves to the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('sallyport').description('The way into a Kubernetes API, whole.');
  program.command('apiserver').description("run an API server with kube-apiserver's flags").allowUnknownOption();
  let code = 0;
  program.exitOverride();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    code = (error as { exitCode?: number }).exitCode ?? 1;
  }
  return code;
}
