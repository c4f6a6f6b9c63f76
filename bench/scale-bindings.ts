// What requests cost while others have more and more bindings.
// npm run build && npm run bench -- scale-bindings [most, 100000]
import { BenchServer, configMap } from './load/bench-server.ts';
import { type Measured, median, scale } from './load/scale.ts';
import { anonymousMiB } from './load/server-state.ts';

const MOST = Number(process.argv[2] ?? 100_000);
const SIZES = [10, 100, 1000, 10_000, 100_000].filter((size) => size <= MOST);
const NAMESPACES = Array.from({ length: 20 }, (_, i) => `tenant-${i}`);
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

const server = await BenchServer.start(NAMESPACES);
let there = 0;

async function grow(size: number): Promise<void> {
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (there < size) {
        const i = there++;
        await server.ask('POST', `${RBAC}/namespaces/${NAMESPACES[i % NAMESPACES.length]}/rolebindings`, {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: `binding-${i}` },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: `user-${i}` }],
        });
      }
    }),
  );
}

const review = (spec: object): object => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  spec,
});
const attributes = { verb: 'get', resource: 'pods', namespace: 'tenant-3' };

try {
  await server.ask('POST', '/api/v1/namespaces/default/configmaps', configMap('one'));
  let extra = 0;
  await scale({
    name: 'scale-bindings',
    title: 'What requests cost while others have more bindings',
    of: 'bindings',
    sizes: SIZES,
    unit: 'milliseconds',
    drawn: [
      'get',
      'SubjectAccessReview, allowed',
      'SubjectAccessReview, not allowed',
      'create a binding',
      'restart',
    ],
    at: async (size): Promise<Measured> => {
      await grow(size);
      const reviews = `/apis/authorization.k8s.io/v1/subjectaccessreviews`;
      const measured: Measured = {
        get: await median(300, () => server.ask('GET', '/api/v1/namespaces/default/configmaps/one')),
        'SubjectAccessReview, allowed': await median(200, async () => {
          const text = await server.ask(
            'POST',
            reviews,
            review({ user: 'user-3', resourceAttributes: attributes }),
          );
          if (!JSON.parse(text).status.allowed) throw new Error('user-3 may not get pods');
        }),
        'SubjectAccessReview, not allowed': await median(200, async () => {
          const text = await server.ask(
            'POST',
            reviews,
            review({ user: 'nobody', resourceAttributes: attributes }),
          );
          if (JSON.parse(text).status.allowed) throw new Error('nobody may get pods');
        }),
        'create a binding': await median(50, () =>
          server.ask('POST', `${RBAC}/namespaces/default/rolebindings`, {
            metadata: { name: `extra-${extra++}` },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
            subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'extra' }],
          }),
        ),
        'memory, MiB': anonymousMiB(server.up.pid),
      };
      const before = performance.now();
      await server.up.end();
      await server.up.run();
      measured['restart'] = performance.now() - before;
      return measured;
    },
  });
} finally {
  await server.end();
}
process.exit();
