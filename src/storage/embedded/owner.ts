import { readFileSync, readlinkSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The process a store's folder belongs to, as it is written down inside the store. */
export interface Owner {
  pid: number;
  /** When the process started, in the kernel's own count, so that a number given out again is not taken for it. */
  started: string;
  /** The boot of the machine. */
  boot: string;
  /** Process numbers of another namespace (another container) can't be looked up from here. */
  pidNamespace: string;
}

export const ownerFile = 'owner.json';
const heartbeatMs = 2000;
const silenceMs = 3 * heartbeatMs;

export function thisProcess(): Owner {
  return {
    pid: process.pid,
    started: startTime(process.pid) ?? '',
    boot: read('/proc/sys/kernel/random/boot_id'),
    pidNamespace: link('/proc/self/ns/pid'),
  };
}

/**
 * Whether the owner written down still runs: `unsure` where it lived in another container on this machine, whose
 * processes can't be seen. `heartbeatChanges` tells then.
 */
export function ownerRuns(owner: Owner): boolean | 'unsure' {
  const self = thisProcess();
  if (owner.boot !== self.boot) return false;
  if (owner.pidNamespace !== self.pidNamespace) return 'unsure';
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const started = startTime(owner.pid);
  return started === undefined || owner.started === '' || started === owner.started;
}

/** Touches the folder's owner file from now on. Returns the way to stop. */
export function startHeartbeat(folder: string): () => void {
  const path = join(folder, ownerFile);
  const timer = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(path, now, now);
    } catch {
      // A folder taken away shows at the next write.
    }
  }, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whether somebody keeps touching the owner file; takes up to six seconds, none where that was longer ago already. */
export async function heartbeatChanges(folder: string): Promise<boolean> {
  const path = join(folder, ownerFile);
  const first = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (first === undefined || Date.now() - first > silenceMs) return false;
  for (let waited = 0; waited < silenceMs; waited += 250) {
    await sleep(250);
    if (statSync(path, { throwIfNoEntry: false })?.mtimeMs !== first) return true;
  }
  return false;
}

function startTime(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The command in parentheses may hold spaces and parentheses; the start time is the 20th field behind it.
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
