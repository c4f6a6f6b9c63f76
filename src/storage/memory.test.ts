import { MemoryStore } from './memory.ts';
import { describeStore } from './store.contract.ts';

describeStore('the store in memory', async () => {
  const store = new MemoryStore();
  return { store, prefix: '/registry/things/', end: () => store.close() };
});
