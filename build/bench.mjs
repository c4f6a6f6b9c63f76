// npm run bench: Sallyport beside a bare server, row by row of docs/performance.md; npm run bench -- ROW... for some of them.
// npm run bench -- FILE [arguments of its own]: another measurement of bench/. Node 20 cannot read either as it is.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { build } from 'esbuild';

const [name, ...args] = process.argv.slice(2);
const isFile = name !== undefined && /^[a-z0-9-]+$/.test(name) && existsSync(`bench/${name}.ts`);
const sideBySide = ['main', 'bare-server', 'request-client', 'watch-client'];
const outdir = isFile ? '.cache/bench' : '.cache/bench/side-by-side';
mkdirSync(outdir, { recursive: true });
await build({
  entryPoints: isFile ? [`bench/${name}.ts`] : sideBySide.map((entry) => `bench/side-by-side/${entry}.ts`),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
const [script, own] = isFile ? [name, args] : ['main', process.argv.slice(2)];
const { status } = spawnSync(process.execPath, [`${outdir}/${script}.mjs`, ...own], { stdio: 'inherit' });
process.exit(status ?? 1);
