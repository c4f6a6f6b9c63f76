import { Command, CommanderError, InvalidArgumentError } from 'commander';

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535');
  return port;
}

/** Every command but `apiserver`, which has its own flags. Resolves to the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('sallyport')
    .description('The way into a Kubernetes API, whole: who are you, what may you do, is the request valid.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  program
    .command('up')
    .description(
      'run a control plane on loopback; makes its certificates and an admin kubeconfig where they are missing',
    )
    .option('--data-dir <folder>', 'where everything is kept', './sallyport-data')
    .option('--port <port>', 'port to listen on', portNumber, 6443)
    .allowExcessArguments()
    .argument('[flags...]', 'further flags of apiserver, behind --')
    .action(async (flags: string[], { dataDir, port }: { dataDir: string; port: number }) => {
      const { up } = await import('./up.ts');
      code = await up({ dataDir, port, flags });
    });
  program
    .command('apiserver')
    .description("run an API server with kube-apiserver's flags; apiserver --help lists them");
  if (argv[2] === 'who-can') (await import('./who-can.ts')).registerWhoCan(program);
  else program.command('who-can').description('who may do something: VERB RESOURCE').allowUnknownOption();
  if (argv[2] === 'explain') (await import('./explain.ts')).registerExplain(program);
  else
    program
      .command('explain')
      .description('why a request got in or not: ID, --last or --follow')
      .allowUnknownOption();
  if (argv[2] === 'console') (await import('./console.ts')).registerConsole(program);
  else
    program
      .command('console')
      .description('print a link that opens the console of a running server, once')
      .allowUnknownOption();
  if (argv[2] === 'try') (await import('./try.ts')).registerTry(program);
  else
    program.command('try').description('play a request without a server: VERB RESOURCE').allowUnknownOption();
  if (argv[2] === 'test') (await import('./test-command.ts')).registerTest(program);
  else
    program
      .command('test')
      .description('test configuration and manifests: who may do what, without a server')
      .allowUnknownOption();
  if (argv[2] === 'rights') (await import('./rights.ts')).registerRights(program);
  else
    program
      .command('rights')
      .description('what somebody may do, and what a change of policy gives and takes')
      .allowUnknownOption();
  if (argv[2] === 'audit') (await import('./audit/command.ts')).registerAudit(program);
  else
    program
      .command('audit')
      .description('long-lived tokens, powerful access, and what an audit policy makes of a request')
      .allowUnknownOption();
  if (argv[2] === 'login') (await import('./login.ts')).registerLogin(program);
  else
    program
      .command('login')
      .description("sign in at an OIDC provider, for kubectl's exec users too")
      .allowUnknownOption();
  if (argv[2] === 'token') (await import('./token-inspect.ts')).registerToken(program);
  else
    program
      .command('token')
      .description('what a token is, and whether a server would take it: token inspect')
      .allowUnknownOption();
  if (argv[2] === 'store') (await import('./store-copy.ts')).registerStore(program);
  else
    program
      .command('store')
      .description('look after the store that objects are kept in: store copy')
      .allowUnknownOption();
  if (argv[2] === 'revoke') (await import('./revoke/command.ts')).registerRevoke(program);
  else
    program
      .command('revoke')
      .description('take certificates and tokens back before they expire')
      .allowUnknownOption();
  if (argv[2] === 'kubeconfig') (await import('./kubeconfig/command.ts')).registerKubeconfig(program);
  else
    program
      .command('kubeconfig')
      .description('make, renew, inspect and merge kubeconfigs; break-glass for emergencies')
      .allowUnknownOption();
  if (argv[2] === 'certs') (await import('./certs/command.ts')).registerCerts(program);
  else
    program
      .command('certs')
      .description('when certificates expire, and how to renew, recover and exchange them')
      .allowUnknownOption();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode;
  }
  return code || Number(process.exitCode ?? 0);
}
