import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import { SYSTEM_PRIORITY_CLASSES } from '../registry/scheduling/priorityclasses.ts';

const PRIORITY_CLASSES = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };

/** Creates the two system priority classes where they are missing (pkg/registry/scheduling/rest). */
export async function ensurePriorityClasses(client: ObjectClient): Promise<void> {
  const lister = client.lister(PRIORITY_CLASSES);
  await Promise.all(
    Object.entries(SYSTEM_PRIORITY_CLASSES).map(async ([name, { value, description }]) => {
      if (lister?.get('', name)) return;
      try {
        await client.create(PRIORITY_CLASSES, '', {
          apiVersion: 'scheduling.k8s.io/v1',
          kind: 'PriorityClass',
          metadata: { name },
          value,
          description,
        });
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) throw error;
      }
    }),
  );
}
