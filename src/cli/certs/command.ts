import type { Command } from 'commander';
import { registerCheckExpiration } from './check-expiration.ts';
import { registerRecover } from './recover.ts';
import { registerRenew } from './renew.ts';
import { registerRotateCa } from './rotate-ca.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `sallyport certs …`. */
export function registerCerts(program: Command, terminal: Terminal = processTerminal): void {
  const certs = program.command('certs').description('keep the certificates of a cluster in order');
  registerCheckExpiration(certs, terminal);
  registerRenew(certs, terminal);
  registerRecover(certs, terminal);
  registerRotateCa(certs, terminal);
  certs.addHelpText(
    'after',
    `
A certificate is good for a year as a rule, its CA for ten. When one expires, whoever is shown it refuses to talk.

  See what is due     sallyport certs check-expiration
  Renew in time       sallyport certs renew all --dry-run, then without --dry-run
  It is too late      sallyport certs recover
  A key has leaked    sallyport certs rotate-ca: a new CA, without anybody being locked out
  From cron           sallyport certs check-expiration --warn 30d || mail …

Which folder: --data-dir for one of sallyport up, --cert-dir for /etc/kubernetes/pki of kubeadm. What is renewed is
backed up beside. Keys are never printed. sallyport kubeconfig is for the kubeconfigs of users.`,
  );
}
