import type { Command } from 'commander';
import { processTerminal, type Terminal } from '../certs/terminal.ts';
import { registerBreakGlass } from './break-glass.ts';
import { registerCreate } from './create.ts';
import { registerInspect } from './inspect.ts';
import { registerMerge } from './merge.ts';
import { registerRenewKubeconfig } from './renew.ts';

/** `sallyport kubeconfig …`. */
export function registerKubeconfig(program: Command, terminal: Terminal = processTerminal): void {
  const command = program
    .command('kubeconfig')
    .description('make, renew, look into and put together kubeconfigs');
  registerCreate(command, terminal);
  registerRenewKubeconfig(command, terminal);
  registerInspect(command, terminal);
  registerMerge(command, terminal);
  registerBreakGlass(command, terminal);
  command.addHelpText(
    'after',
    `
A kubeconfig says where a server is, whom to trust for it, and who you are. Whoever has its key is you: files are
written for their owner alone (0600), and keys are never printed.

  What is in one       sallyport kubeconfig inspect ~/.kube/config
  One for a colleague  sallyport kubeconfig create --user jane --group developers --ttl 30d --out jane.kubeconfig
  It is about to end   sallyport kubeconfig renew jane.kubeconfig
  Two into one         sallyport kubeconfig merge ~/.kube/config new.kubeconfig --out ~/.kube/config
  Locked out           sallyport kubeconfig break-glass --ttl 1h --reason 'RBAC deleted'

Give a certificate the time that is needed, and no more: kube-apiserver takes none back before it ends. A Sallyport
does, by sallyport revoke.`,
  );
}
