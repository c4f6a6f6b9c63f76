import type { Fields } from '../meta/object.ts';

const VOLUME_PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3607;
/** No vowels and nothing that looks like one, so that no words come out (apiserver pkg/storage/names). */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Mounts the token of the pod's account into every container and init container that has nothing at its path yet, from a
 * projected volume that is added last where one is needed and none of its name is there.
 *
 * @param random in [0, 1)
 */
export function mountToken(spec: Fields, random: () => number): void {
  const own = (spec.volumes ?? []).find((volume: Fields) => volume.name?.startsWith(VOLUME_PREFIX));
  const name: string = own?.name ?? VOLUME_PREFIX + suffix(random);
  let mounted = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const mounts: Fields[] = container.volumeMounts ?? [];
    if (mounts.some((mount) => mount.mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [...mounts, { name, readOnly: true, mountPath: MOUNT_PATH }];
    mounted = true;
  }
  if (mounted && !own) spec.volumes = [...(spec.volumes ?? []), { name, projected: tokenSource() }];
}

function suffix(random: () => number): string {
  return Array.from({ length: 5 }, () => LETTERS[Math.floor(random() * LETTERS.length)]!).join('');
}

function tokenSource(): Fields {
  return {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 420,
  };
}
