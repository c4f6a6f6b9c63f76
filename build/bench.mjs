// npm run bench -- NAME [arguments of its own]: runs a measurement of bench/, which Node 20 cannot read as it is.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { build } from 'esbuild';

const [name, ...args] = process.argv.slice(2);
if (!name) {
  process.stderr.write('usage: npm run bench -- NAME [arguments]\n');
  process.exit(2);
}
const outfile = `.cache/bench/${name}.mjs`;
mkdirSync('.cache/bench', { recursive: true });
await build({
  entryPoints: [`bench/${name}.ts`],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit' });
process.exit(status ?? 1);
