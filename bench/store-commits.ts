// Durable creates a second in the embedded store, by the number of writers that wait for their own write.
// npm run bench -- store-commits [folder] [seconds]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../src/storage/embedded/store.ts';

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'store-'));
const seconds = Number(process.argv[3] ?? 2);
const store = await openEmbeddedStore({ folder });
const value = new Uint8Array(600).fill(120);
try {
  for (const writers of [1, 4, 16, 64, 256]) {
    let count = 0;
    const start = performance.now();
    const write = async (): Promise<void> => {
      while (performance.now() - start < seconds * 1000) {
        const key = `/registry/configmaps/default/w${writers}-${count++}`;
        const result = await store.put(key, value, { expect: 0 });
        if (!result.ok) throw new Error(`${key} was there before`);
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
    const rate = Math.round((count / (performance.now() - start)) * 1000);
    console.log(`${String(writers).padStart(4)} writers: ${rate} creates/s`);
  }
  const start = performance.now();
  const { values } = await store.range('/registry/configmaps/');
  console.log(`range of ${values.length} values: ${Math.round(performance.now() - start)} ms`);
} finally {
  await store.close();
}
const start = performance.now();
const again = await openEmbeddedStore({ folder });
console.log(`opened again, all records checked: ${Math.round(performance.now() - start)} ms`);
await again.close();
rmSync(folder, { recursive: true });
