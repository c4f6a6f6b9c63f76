import type { Command } from 'commander';
import { registerCheckExpiration } from './check-expiration.ts';
import { registerRenew } from './renew.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** `sallyport certs …`. */
export function registerCerts(program: Command, terminal: Terminal = processTerminal): void {
  const certs = program.command('certs').description('keep the certificates of a cluster in order');
  registerCheckExpiration(certs, terminal);
  registerRenew(certs, terminal);
}
