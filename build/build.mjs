// Bundles each entry point into one file: what a start reads from disk is what it waits for.

import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';

// Loaded only when used, and left to Node's own resolution: natives, and libraries that few starts need.
const external = ['lmdb', '@grpc/grpc-js', '@peculiar/x509', 'reflect-metadata', 'openid-client'];

// JSON.parse of a string is twice as fast as the same table written as an object literal.
const jsonAsString = {
  name: 'json-as-string',
  setup(b) {
    b.onLoad({ filter: /\.json$/ }, async ({ path }) => {
      const { readFile } = await import('node:fs/promises');
      const text = JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
      return { contents: `export default JSON.parse(${JSON.stringify(text)})`, loader: 'js' };
    });
  },
};

const out = process.env.SALLYPORT_OUT ?? 'dist';
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const options = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external,
  plugins: [jsonAsString],
  sourcemap: 'linked',
  // Blanks and long forms cost parsing time at each start; names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  // CommonJS dependencies inside an ES module bundle still call require.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};
const PAGE = 'src/console/page';

/** The page at /console: what it is made of has its content's hash in the name, so that browsers may keep it. */
async function buildConsole() {
  const { metafile } = await build({
    entryPoints: { console: `${PAGE}/main.ts`, style: `${PAGE}/style/console.css` },
    outdir: `${out}/console`,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const made = (entry) =>
    basename(
      Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === `${PAGE}/${entry}`)[0],
    );
  const names = { script: made('main.ts'), style: made('style/console.css') };
  const html = readFileSync(`${PAGE}/index.html`, 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => names[name]);
  writeFileSync(`${out}/console/index.html`, html);
  copyFileSync(`${PAGE}/gate.svg`, `${out}/console/gate.svg`);
}

/** What runs a server once more, as one CommonJS file whose compiled code can be kept: see src/cli/code-cache.ts. */
async function buildServer() {
  const file = `${out}/server.cjs`;
  const { banner: _, splitting: __, sourcemap: ___, ...common } = options;
  await build({
    ...common,
    format: 'cjs',
    entryPoints: ['src/cli/server-commands.ts'],
    outfile: file,
    // A script has neither of the two.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
  });
  const source = readFileSync(file, 'utf8');
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 32);
  writeFileSync(file, `// ${hash}\n${source}`);
}

// What programs import is bundled apart: sharing chunks would cut the command into more files than it needs.
await Promise.all([
  buildConsole(),
  buildServer(),
  build({ ...options, entryPoints: { 'cli/main': 'src/cli/main.ts' }, outdir: out }),
  build({
    ...options,
    entryPoints: {
      index: 'src/index.ts',
      cel: 'src/cel/index.ts',
      authentication: 'src/authentication/index.ts',
      authorization: 'src/authorization/index.ts',
      explain: 'src/explain/index.ts',
    },
    outdir: `${out}/lib`,
  }),
]);
chmodSync(`${out}/cli/main.js`, 0o755);
