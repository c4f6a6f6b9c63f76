import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { RbacSource } from '../authorization/rbac/source.ts';
import { RuleCoverage } from '../authorization/rights/coverage.ts';
import { manifestSource } from '../authorization/rights/manifests.ts';
import { decisionTree } from '../explain/tree.ts';
import { type Clock, systemClock } from '../meta/clock.ts';
import { nodeFiles } from '../meta/watched-files.ts';
import { junitReport, type TestResult } from './junit.ts';
import { OfflineDoors, type Played } from './offline-doors.ts';
import { ruleCell } from './rbac-output.ts';
import { rbacSource } from './rbac-source.ts';
import { canvasOf } from './terminal.ts';
import { BadTestFile, type DoorTest, type Expectation, readTestFile, type TestFile } from './test-file.ts';
import { TEST_FILE_SCHEMA } from './test-file-schema.ts';
import { testFiles } from './test-files.ts';
import { configurationOf, type DoorFlags, doorOptions } from './try.ts';
import { untilTold } from './until-told.ts';

interface Flags extends DoorFlags {
  junit?: string;
  coverage?: boolean;
  verbose?: boolean;
  schema?: boolean;
  watch?: boolean;
}

/** Tests wait for each other only where issuers or webhooks let them wait. */
const AT_ONCE = 32;
/** Clears a terminal and its scrollback, for a new picture of the same thing. */
const CLEAR = '\u001b[2J\u001b[3J\u001b[H';

/** `sallyport test FILE…`: tests of configuration and manifests. Exit code 0: all passed, 1: some failed, 2: cannot be run. */
export function registerTest(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  doorOptions(
    program
      .command('test')
      .description('test configuration and manifests: who may do what, and why, without a server')
      .argument(
        '[file...]',
        'YAML files with tests, patterns (*, **), or folders: of these every *.test.yaml',
      )
      .option('--junit <file>', 'write a report in JUnit XML')
      .option('--no-coverage', 'say nothing of rules and bindings that no test touched')
      .option('--verbose', 'list the tests that pass, too')
      .option('--watch', 'run them again whenever a file changes')
      .option('--schema', 'print the JSON schema of test files, for editors'),
  ).action(async (given: string[], flags: Flags, command: Command) => {
    if (flags.schema) {
      write(`${JSON.stringify(TEST_FILE_SCHEMA, null, 2)}\n`);
      return;
    }
    // A flag's default is nobody's wish.
    const wished = Object.fromEntries(
      Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) !== 'default'),
    );
    const run = (): Promise<number> => runAll(given, flags, wished, write);
    process.exitCode = await (flags.watch ? runAgain(given, wished, run, write) : run());
  });
}

/** One run over all files; resolves to the exit code. */
async function runAll(
  given: readonly string[],
  flags: Flags,
  wished: DoorFlags,
  write: (text: string) => void,
): Promise<number> {
  try {
    const paths = testFiles(given);
    const files: TestFile[] = [];
    const faults: string[] = [];
    for (const path of paths) {
      try {
        files.push(readTestFile(path));
      } catch (error) {
        if (!(error instanceof BadTestFile)) throw error;
        faults.push(...error.faults);
      }
    }
    if (faults.length) {
      for (const fault of faults) process.stderr.write(`Error: ${fault}\n`);
      return 2;
    }
    const policies = new Policies();
    const results: TestResult[] = [];
    const started = systemClock.monotonic();
    for (const file of files) {
      const own = await runFile(file, wished, policies);
      results.push(...own);
      write(fileText(file.path, own, flags.verbose ?? false));
    }
    const seconds = (systemClock.monotonic() - started) / 1000;
    if (flags.coverage !== false) write(policies.coverageText());
    if (flags.junit) writeFileSync(flags.junit, junitReport(results));
    const failed = results.filter(({ failure }) => failure).length;
    write(
      `${results.length - failed} of ${results.length} tests passed in ${seconds.toFixed(2)} s (${Math.round(results.length / seconds)} tests/s).\n`,
    );
    return failed ? 1 : 0;
  } catch (error) {
    process.stderr.write(`Error: ${(error as Error).message}\n`);
    return 2;
  }
}

/** Runs once and then again whenever a test file or what it tests changes, until the process is told to end. */
async function runAgain(
  given: readonly string[],
  wished: DoorFlags,
  run: () => Promise<number>,
  write: (text: string) => void,
): Promise<number> {
  let running = Promise.resolve();
  let stops: (() => void)[] = [];
  let ended = false;
  const again = (): void => {
    running = running.then(async () => {
      if (ended) return;
      if (canvasOf().width !== undefined) write(CLEAR);
      await run();
      write('\nWaiting for a change; Ctrl-C ends it.\n');
      // There may be other files by now.
      for (const stop of stops) stop();
      stops = watchedPaths(given, wished).map((path) => nodeFiles.watch(path, again));
    });
  };
  again();
  await untilTold();
  ended = true;
  await running;
  for (const stop of stops) stop();
  return 0;
}

/** The test files, and the files and folders that they or flags name. */
function watchedPaths(given: readonly string[], wished: DoorFlags): string[] {
  const paths = new Set<string>();
  const add = (path: string): void => {
    paths.add(path);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
      for (const entry of readdirSync(path)) add(join(path, entry));
  };
  const addAll = (doors: DoorFlags): void => {
    for (const value of Object.values(doors).flat())
      if (typeof value === 'string' && existsSync(value)) add(value);
  };
  addAll(wished);
  for (const argument of given) if (existsSync(argument)) add(argument);
  for (const path of attempt(() => testFiles(given)) ?? []) {
    add(path);
    addAll(attempt(() => readTestFile(path).doors) ?? {});
  }
  return [...paths];
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    // What cannot be read has been said by the run.
    return undefined;
  }
}

async function runFile(file: TestFile, wished: DoorFlags, policies: Policies): Promise<TestResult[]> {
  const settings: DoorFlags = { ...file.doors, ...wished };
  const { policy, coverage } = await policies.of(file.path, settings);
  const doors = new OfflineDoors(configurationOf(settings), policy);
  const results: TestResult[] = [];
  try {
    for (let start = 0; start < file.tests.length; start += AT_ONCE) {
      const some = file.tests.slice(start, start + AT_ONCE);
      const ran = await Promise.all(some.map((test) => runTest(file.path, test, doors, systemClock)));
      for (const { result, played } of ran) {
        results.push(result);
        for (const verdict of played?.decision.authorization?.asked ?? []) coverage.note(verdict);
      }
    }
  } finally {
    doors.close();
  }
  return results;
}

function fileText(path: string, results: readonly TestResult[], isVerbose: boolean): string {
  const failed = results.filter(({ failure }) => failure).length;
  const lines = [`${failed ? '✗' : '✓'} ${path}: ${results.length - failed} of ${results.length} passed`];
  for (const { name, failure } of results) {
    if (failure) lines.push(`  ✗ ${name}`, indented(`${failure.message}\n${failure.details}`));
    else if (isVerbose) lines.push(`  ✓ ${name}`);
  }
  return `${lines.join('\n')}\n`;
}

interface TestedPolicy {
  policy: RbacSource;
  coverage: RuleCoverage;
}

/** Roles and bindings that tests are about, read once however many files name them, and what of them was touched. */
class Policies {
  readonly #read = new Map<string, Promise<TestedPolicy>>();
  readonly #coverages: RuleCoverage[] = [];

  of(path: string, settings: DoorFlags): Promise<TestedPolicy> {
    const { from, kubeconfig, context, defaults, authorizationConfig, authorizationMode } = settings;
    const key = JSON.stringify([from, kubeconfig, context, defaults, authorizationConfig, authorizationMode]);
    let read = this.#read.get(key);
    if (!read) {
      read = policyOf(path, settings).then((policy) => {
        const coverage = new RuleCoverage(policy);
        this.#coverages.push(coverage);
        return { policy, coverage };
      });
      this.#read.set(key, read);
    }
    return read;
  }

  coverageText(): string {
    return this.#coverages.map(coverageText).join('');
  }
}

/** Roles and bindings of the manifests or cluster named; none where no authorizer reads them. */
async function policyOf(path: string, settings: DoorFlags): Promise<RbacSource> {
  const { from, kubeconfig, context, authorizationConfig, authorizationMode = 'RBAC' } = settings;
  if (from !== undefined || kubeconfig !== undefined || context !== undefined) return rbacSource(settings);
  if (authorizationConfig !== undefined || authorizationMode.split(',').includes('RBAC'))
    throw new Error(`${path}: name the folder of roles and bindings, by manifests: or --from`);
  return manifestSource([], { defaults: false });
}

async function runTest(
  suite: string,
  { name, caller, request, at, expect }: DoorTest,
  doors: OfflineDoors,
  clock: Clock,
): Promise<{ result: TestResult; played?: Played }> {
  const started = clock.monotonic();
  const result = (failure?: TestResult['failure']): TestResult => ({
    suite,
    name,
    seconds: (clock.monotonic() - started) / 1000,
    ...(failure ? { failure } : {}),
  });
  try {
    const played = await doors.play(caller, request, at);
    const faults = faultsOf(played, expect);
    if (faults.length === 0) return { result: result(), played };
    return { result: result({ message: faults.join('; '), details: decisionTree(played.decision) }), played };
  } catch (error) {
    return { result: result({ message: (error as Error).message, details: '' }) };
  }
}

/** In what a request went otherwise than expected. */
export function faultsOf(
  { decision, allowed }: Pick<Played, 'decision' | 'allowed'>,
  expect: Expectation,
): string[] {
  const faults: string[] = [];
  const verdict = allowed ? 'allowed' : 'refused';
  if (verdict !== expect.verdict) faults.push(`it is ${verdict}, not ${expect.verdict}`);
  const codes = decidingCodes({ decision, allowed });
  if (expect.code !== undefined && !codes.includes(expect.code))
    faults.push(`it was decided by ${codes.join(', ')}, not ${expect.code}`);
  const user = decision.authentication?.user;
  if (expect.user !== undefined && user?.name !== expect.user)
    faults.push(`the user is ${user?.name ?? 'nobody'}, not ${expect.user}`);
  const missing = (expect.groups ?? []).filter((group) => !user?.groups.includes(group));
  if (missing.length) faults.push(`the user is not in ${missing.join(', ')}`);
  return faults;
}

/** The codes of the verdicts that a decision rests on. */
function decidingCodes({ decision, allowed }: Pick<Played, 'decision' | 'allowed'>): string[] {
  const { authentication, authorization } = decision;
  const known = (authentication?.asked ?? []).filter(({ verdict }) => verdict === 'authenticated');
  const said = authorization?.asked ?? [];
  if (allowed) return [...said.filter((one) => one.decision === 'allow'), ...known].map(({ code }) => code);
  if (!authorization)
    return (authentication?.asked ?? [])
      .filter(({ verdict }) => verdict === 'refused')
      .map(({ code }) => code);
  const denied = said.filter((one) => one.decision === 'deny');
  return (denied.length ? denied : said).map(({ code }) => code);
}

function coverageText(coverage: RuleCoverage): string {
  const bindings = coverage.bindings();
  const rules = bindings.flatMap((binding) => binding.rules);
  const touched = rules.filter((rule) => rule.touched).length;
  const lines = [
    `Touched ${bindings.filter((b) => b.touched).length} of ${bindings.length} bindings, ${touched} of ${rules.length} rules.`,
  ];
  for (const { binding, rules: own, touched: isTouched } of bindings) {
    const { kind, namespace, name, roleRef } = binding;
    const text = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name} of ${roleRef.kind} ${roleRef.name}`;
    if (!isTouched) lines.push(`  not touched: ${text}`);
    else
      for (const { rule, touched: isRuleTouched } of own)
        if (!isRuleTouched) lines.push(`  not touched: ${text}: ${ruleCell(rule)}`);
  }
  return `${lines.join('\n')}\n`;
}

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `          ${line}`)
    .join('\n');
