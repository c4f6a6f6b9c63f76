// Sallyport beside a bare Node.js HTTP/2 server, and beside another API server, in one run on one machine:
// npm run bench -- [ROW...] [--quick] [--repeats N] [--seconds N] [--against KUBECONFIG] [--json FILE] [--chart FILE.svg]
// What counts is the quotient of two figures of a run: machines differ, and so do the hours of one machine.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { barChart } from './bar-chart.ts';
import { hasH2load } from './load.ts';
import { type BenchOptions, benchOptions, LAST } from './options.ts';
import { type RowResult, type Run, rowResult, type Samples } from './results.ts';
import { type Group, groups, type Row, startRows } from './rows.ts';
import {
  hindrance,
  otherServer,
  type Subject,
  startBare,
  startSallyport,
  timeStart,
  type Variant,
} from './subjects.ts';
import { runTable } from './table.ts';

const IDLE_MS = 5000;

let options: BenchOptions;
try {
  options = benchOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`Error: ${(error as Error).message}\n`);
  process.exit(2);
}

/** One line that says what is being done. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const sallyports = new Map<Variant, Subject>();
async function sallyport(variant: Variant): Promise<Subject> {
  let there = sallyports.get(variant);
  if (!there) {
    progress(`starting Sallyport, ${variant}`);
    there = await startSallyport(variant);
    sallyports.set(variant, there);
  }
  return there;
}

async function measureGroup(
  group: Group,
  bare: Subject,
  other: Subject | undefined,
  say: (row: RowResult) => void,
): Promise<void> {
  const rows = group.rows.filter(({ name }) => options.names.includes(name));
  if (rows.length === 0) return;
  const faults = new Map<Row, string>();
  const samples = new Map<Row, Samples>(rows.map((row) => [row, {}]));
  const own: [Row, Subject][] = [];
  for (const row of rows) {
    const fault = hindrance(row.variant);
    if (fault) faults.set(row, `not measured: ${fault}`);
    else own.push([row, await sallyport(row.variant)]);
  }
  const like = own[0]?.[1];
  if (like) {
    for (const subject of [...own.map(([, subject]) => subject), ...(other ? [other] : [])])
      await group.prepare?.(subject);
    await group.teach(bare, like);
  }
  const sample = async (name: 'bare' | 'sallyport' | 'other', of: readonly Row[], subject: Subject) => {
    try {
      const value = await group.measure(subject, options);
      for (const row of of) {
        const there = samples.get(row)!;
        there[name] ??= [];
        there[name].push(value);
      }
    } catch (error) {
      for (const row of of) faults.set(row, `${name}: ${(error as Error).message}`);
    }
  };
  for (let i = 0; like && i < options.repeats; i++) {
    progress(`${rows[0]!.name}, ${i + 1} of ${options.repeats}`);
    await sample('bare', rows, bare);
    for (const [row, subject] of own) await sample('sallyport', [row], subject);
    if (other) await sample('other', rows, other);
  }
  for (const row of rows) say(rowResult(row, samples.get(row)!, faults.get(row)));
}

/** Process starts come last, when nothing else of ours runs, on a folder in which a server has run before. */
async function measureStarts(say: (row: RowResult) => void): Promise<void> {
  const [start, memory] = startRows.map((row) => (options.names.includes(row.name) ? row : undefined));
  if (!start && !memory) return;
  const { up, end } = await startSallyport('default');
  await new Promise((done) => setTimeout(done, IDLE_MS));
  await up.end();
  const { folder } = up;
  const [times, sizes]: [Samples, Samples] = [
    { bare: [], sallyport: [] },
    { bare: [], sallyport: [] },
  ];
  const runs = start ? options.repeats * 2 : 1;
  for (let i = 0; i < runs; i++) {
    progress(`start, ${i + 1} of ${runs}`);
    for (const subject of ['bare', 'sallyport'] as const) {
      const isLast = i === runs - 1;
      const { ms, residentMiB } = await timeStart(subject, folder, isLast && memory ? IDLE_MS : 0);
      times[subject]!.push(ms);
      if (residentMiB) sizes[subject]!.push(residentMiB);
    }
  }
  await end();
  if (start) say(rowResult(start, times));
  if (memory) say(rowResult(memory, sizes));
}

function machine(): Run['machine'] {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  };
}

const run: Run = {
  at: new Date().toISOString(),
  machine: machine(),
  repeats: options.repeats,
  seconds: options.seconds,
  rows: [],
};
let bare: Subject | undefined;
let other: (Subject & { version: string }) | undefined;
let code = 0;
try {
  if (options.against) {
    other = await otherServer(options.against);
    run.other = other.version;
  }
  const ours = await startSallyport('default');
  sallyports.set('default', ours);
  bare = await startBare(ours.up.folder);
  const say = (row: RowResult): void => void run.rows.push(row);
  for (const group of groups) await measureGroup(group, bare, other, say);
  for (const subject of sallyports.values()) await subject.end();
  sallyports.clear();
  await measureStarts(say);
  progress('');
  const before = existsSync(LAST) ? (JSON.parse(readFileSync(LAST, 'utf8')) as Run) : undefined;
  process.stdout.write(
    `${runTable(run, before)}
${run.machine.cores} cores of ${run.machine.cpu}, ${run.machine.memoryGiB} GiB, Node.js ${run.machine.node}; load before: ${run.machine.load}
${options.repeats} samples a figure, each server in turn; median, and half the distance of the extremes
${hasH2load ? '' : 'h2load is not installed (Debian: nghttp2-client): the load comes from a slower client, which may be what is measured\n'}${run.other ? `other: ${run.other} at ${other!.url}\n` : ''}`,
  );
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify(run, null, 1)}\n`);
  if (options.chart) writeFileSync(options.chart, barChart(run));
} catch (error) {
  progress('');
  process.stderr.write(`Error: ${(error as Error).message}\n`);
  code = 1;
} finally {
  await bare?.end();
  for (const subject of sallyports.values()) await subject.end();
  await other?.end();
}
process.exit(code);
