import { createInterface } from 'node:readline/promises';

/** Where a command speaks, and whom it can ask. */
export interface Terminal {
  /** What was asked for. */
  write(text: string): void;
  /** What is said besides. */
  tell(text: string): void;
  /** Whether somebody sits there. */
  interactive: boolean;
  /** Whether lines can be written over. */
  progress: boolean;
  /** Asks a yes-or-no question; no is the default. */
  ask(question: string): Promise<boolean>;
}

export const processTerminal: Terminal = {
  write: (text) => void process.stdout.write(text),
  tell: (text) => void process.stderr.write(text),
  get interactive() {
    return Boolean(process.stdin.isTTY && process.stderr.isTTY);
  },
  get progress() {
    return process.stderr.isTTY ?? false;
  },
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^\s*y(es)?\s*$/i.test(await lines.question(`${question} [y/N] `));
    } finally {
      lines.close();
    }
  },
};

/** Runs what a command does; an Error becomes one line and the exit code 1. */
export async function guarded(terminal: Terminal, work: () => Promise<number>): Promise<void> {
  try {
    const code = await work();
    if (code !== 0) process.exitCode = code;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    terminal.tell(`Error: ${error.message}\n`);
    process.exitCode = 1;
  }
}
