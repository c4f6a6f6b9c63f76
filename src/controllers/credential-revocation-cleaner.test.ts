import { expect, it } from 'vitest';
import { CredentialRevocationCleaner, REVOCATIONS } from './credential-revocation-cleaner.ts';
import { MemoryClient } from './fixtures/memory-client.ts';

it('deletes revocations an hour after they have run out, and no others', async () => {
  const client = new MemoryClient();
  let now = Date.parse('2026-01-01T00:59:59Z');
  const put = (name: string, expires?: string) =>
    client.put(
      REVOCATIONS.resource,
      { metadata: { name }, spec: { credentialID: 'JTI=1', ...(expires ? { expires } : {}) } },
      REVOCATIONS.group,
    );
  put('past', '2026-01-01T00:00:00Z');
  put('later', '2026-01-02T00:00:00Z');
  put('never');
  const cleaner = new CredentialRevocationCleaner({ client, clock: { now: () => now } as never });
  const names = () =>
    client
      .lister(REVOCATIONS)
      .list()
      .map(({ metadata }) => metadata.name);
  await cleaner.clean();
  expect(names()).toEqual(['later', 'never', 'past']);
  now += 1000;
  await cleaner.clean();
  expect(names()).toEqual(['later', 'never']);
});
