import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from '../store.contract.ts';
import { openEmbeddedStore } from './store.ts';

describeStore('the embedded store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  const store = await openEmbeddedStore({ folder });
  return {
    store,
    prefix: '/registry/things/',
    async end() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
