import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';

/** The blocks of one language in a document, in their order. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block]) => block!);

describe('docs/library.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const text = readFileSync('docs/library.md', 'utf8');

  it('shows a program that does what it says', () => {
    const [authentication, policy] = blocks(text, 'yaml');
    writeFileSync(join(folder, 'authentication.yaml'), authentication!);
    writeFileSync(join(folder, 'rbac.yaml'), policy!);
    // The package as npm would install it, by its name.
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(resolve('.'), join(folder, 'self'));
    const [program] = blocks(text, 'ts');
    const named = program!.replace(/'sallyport\/(\w+)'/g, (_, name) => `'./self/dist/lib/${name}.js'`);
    writeFileSync(join(folder, 'ask.mjs'), transformSync(named, { loader: 'ts', target: 'node20' }).code);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['ask.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toBe(blocks(text, 'text')[0]);
  });

  it('names entry points that the package has', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
    const named = new Set([...text.matchAll(/sallyport\/(\w+)/g)].map(([, name]) => `./${name}`));
    for (const name of named) expect(Object.keys(exports)).toContain(name);
  });
});
