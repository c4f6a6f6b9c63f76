import type { Command } from 'commander';
import { processTerminal, type Terminal } from '../certs/terminal.ts';
import { registerAccess } from './access.ts';
import { registerTokens } from './tokens.ts';
import { registerTry } from './try.ts';

/** `sallyport audit …`. */
export function registerAudit(program: Command, terminal: Terminal = processTerminal): void {
  const audit = program.command('audit').description('look over who holds what, and try out audit policies');
  registerTokens(audit, terminal);
  registerAccess(audit, terminal);
  registerTry(audit, terminal.write);
}
