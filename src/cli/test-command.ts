import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { RbacSource } from '../authorization/rbac/source.ts';
import { RuleCoverage } from '../authorization/rights/coverage.ts';
import { manifestSource } from '../authorization/rights/manifests.ts';
import { decisionTree } from '../explain/tree.ts';
import { type Clock, systemClock } from '../meta/clock.ts';
import { junitReport, type TestResult } from './junit.ts';
import { OfflineDoors, type Played } from './offline-doors.ts';
import { ruleCell } from './rbac-output.ts';
import { rbacSource } from './rbac-source.ts';
import { type DoorTest, type Expectation, readTestFile } from './test-file.ts';
import { configurationOf, type DoorFlags, doorOptions } from './try.ts';

interface Flags extends DoorFlags {
  junit?: string;
  coverage?: boolean;
}

/** `sallyport test FILE…`: tests of configuration and manifests. Exit code 0: all passed, 1: some failed, 2: cannot be run. */
export function registerTest(
  program: Command,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  doorOptions(
    program
      .command('test')
      .description('test configuration and manifests: who may do what, and why, without a server')
      .argument('<file...>', 'YAML files with tests')
      .option('--junit <file>', 'write a report in JUnit XML')
      .option('--no-coverage', 'say nothing of rules and bindings that no test touched'),
  ).action(async (files: string[], flags: Flags, command: Command) => {
    try {
      const results: TestResult[] = [];
      for (const file of files) results.push(...(await runFile(file, flags, command, write)));
      if (flags.junit) writeFileSync(flags.junit, junitReport(results));
      const failed = results.filter(({ failure }) => failure).length;
      write(`${results.length - failed} of ${results.length} tests passed.\n`);
      process.exitCode = failed ? 1 : 0;
    } catch (error) {
      process.stderr.write(`Error: ${(error as Error).message}\n`);
      process.exitCode = 2;
    }
  });
}

async function runFile(
  path: string,
  flags: Flags,
  command: Command,
  write: (text: string) => void,
): Promise<TestResult[]> {
  const { doors: inFile, tests } = readTestFile(path);
  // A flag's default is nobody's wish.
  const given = Object.fromEntries(
    Object.entries(flags).filter(([name]) => command.getOptionValueSource(name) !== 'default'),
  );
  const settings: DoorFlags = { ...inFile, ...given };
  const policy = await policyOf(path, settings);
  const coverage = new RuleCoverage(policy);
  const doors = new OfflineDoors(configurationOf(settings), policy);
  write(`${path}\n`);
  const results: TestResult[] = [];
  try {
    for (const test of tests) {
      const { result, played } = await runTest(path, test, doors, systemClock);
      results.push(result);
      for (const verdict of played?.decision.authorization?.asked ?? []) coverage.note(verdict);
      write(`  ${result.failure ? 'FAILED' : 'ok    '}  ${test.name}\n`);
      if (result.failure) write(`${indented(`${result.failure.message}\n${result.failure.details}`)}\n`);
    }
  } finally {
    doors.close();
  }
  if (flags.coverage !== false) write(coverageText(coverage));
  return results;
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
export function faultsOf({ decision, allowed }: Played, expect: Expectation): string[] {
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
function decidingCodes({ decision, allowed }: Played): string[] {
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
    `  Touched ${bindings.filter((b) => b.touched).length} of ${bindings.length} bindings, ${touched} of ${rules.length} rules.`,
  ];
  for (const { binding, rules: own, touched: isTouched } of bindings) {
    const { kind, namespace, name, roleRef } = binding;
    const text = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name} of ${roleRef.kind} ${roleRef.name}`;
    if (!isTouched) lines.push(`    not touched: ${text}`);
    else
      for (const { rule, touched: isRuleTouched } of own)
        if (!isRuleTouched) lines.push(`    not touched: ${text}: ${ruleCell(rule)}`);
  }
  return `${lines.join('\n')}\n`;
}

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `          ${line}`)
    .join('\n');
