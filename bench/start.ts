// From the start of the process to the first 200 of /readyz, on a data folder that is there already, and the memory held when idle.
// npm run build && npm run bench -- start [runs]
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const RUNS = Number(process.argv[2] ?? 10);
const PORT = 16443;
const IDLE_MS = 5000;
const main = resolve(process.env['SALLYPORT_OUT'] ?? 'dist', 'cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'start-'));

const start = (): ChildProcess =>
  spawn(process.execPath, [main, 'up', '--data-dir', folder, '--port', String(PORT)], { stdio: 'ignore' });

const isReady = (): Promise<boolean> =>
  new Promise((done) => {
    const options = {
      host: '127.0.0.1',
      port: PORT,
      path: '/readyz',
      rejectUnauthorized: false,
      agent: false,
    };
    const asked = request(options, (answer) => {
      answer.resume();
      answer.on('end', () => done(answer.statusCode === 200));
    });
    asked.on('error', () => done(false));
    asked.end();
  });

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function ready(): Promise<void> {
  while (!(await isReady())) await pause(2);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

try {
  const began = performance.now();
  const first = start();
  await ready();
  console.log(`first start, everything made: ${Math.round(performance.now() - began)} ms`);
  await pause(1000);
  await end(first);

  const times: number[] = [];
  let memory = 0;
  for (let run = 0; run < RUNS; run++) {
    const at = performance.now();
    const child = start();
    await ready();
    times.push(performance.now() - at);
    if (run === RUNS - 1) {
      await pause(IDLE_MS);
      memory = residentMiB(child.pid!);
    }
    await end(child);
  }
  times.sort((a, b) => a - b);
  const shown = (index: number): string => `${Math.round(times[index]!)} ms`;
  console.log(
    `warm start, ${RUNS} runs: median ${shown(Math.floor(RUNS / 2))}, least ${shown(0)}, most ${shown(RUNS - 1)}`,
  );
  console.log(`resident after ${IDLE_MS / 1000} s idle: ${Math.round(memory)} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
