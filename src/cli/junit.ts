/** One test as a JUnit report names it. */
export interface TestResult {
  suite: string;
  name: string;
  seconds: number;
  /** Absent where the test passed. */
  failure?: { message: string; details: string };
}

/** A report in JUnit's XML, as CI servers read it: a test suite for each file. */
export function junitReport(results: readonly TestResult[]): string {
  const suites = new Map<string, TestResult[]>();
  for (const result of results) {
    const suite = suites.get(result.suite);
    if (suite) suite.push(result);
    else suites.set(result.suite, [result]);
  }
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${totals(results)}>`,
    ...[...suites].flatMap(([name, tests]) => [
      `  <testsuite name="${xmlText(name)}"${totals(tests)}>`,
      ...tests.flatMap(testCase),
      '  </testsuite>',
    ]),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function totals(results: readonly TestResult[]): string {
  const failures = results.filter(({ failure }) => failure).length;
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return ` tests="${results.length}" failures="${failures}" errors="0" time="${seconds.toFixed(3)}"`;
}

function testCase({ suite, name, seconds, failure }: TestResult): string[] {
  const head = `    <testcase classname="${xmlText(suite)}" name="${xmlText(name)}" time="${seconds.toFixed(3)}"`;
  if (!failure) return [`${head}/>`];
  return [
    `${head}>`,
    `      <failure message="${xmlText(failure.message)}">${xmlText(failure.details)}</failure>`,
    '    </testcase>',
  ];
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** XML 1.0 cannot hold most control characters, not even escaped (section 2.2). */
const xmlText = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replace(/[&<>"]/g, (char) => ENTITIES[char]!);
