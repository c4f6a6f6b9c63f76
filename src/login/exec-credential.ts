const GROUP = 'client.authentication.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`] as const;
export type ExecVersion = (typeof VERSIONS)[number];

/** Whether a client such as kubectl runs this as its credential plugin, and the version it wants to be answered in. */
export type ExecCaller = { plugin: true; version: ExecVersion } | { plugin: false };

/**
 * Reads KUBERNETES_EXEC_INFO, which every client-go sets for its plugins (client-go plugin/pkg/client/auth/exec). Throws an
 * Error for versions that this program does not speak.
 */
export function execCaller(execInfo: string | undefined): ExecCaller {
  if (!execInfo) return { plugin: false };
  let info: { apiVersion?: unknown; kind?: unknown };
  try {
    info = JSON.parse(execInfo) as typeof info;
  } catch {
    throw new Error('KUBERNETES_EXEC_INFO is not JSON');
  }
  const version = VERSIONS.find((known) => known === info?.apiVersion);
  if (info?.kind !== 'ExecCredential' || !version) {
    throw new Error(
      `the kubeconfig asks for ${String(info?.apiVersion)} ${String(info?.kind)}: set apiVersion of the exec user to ${VERSIONS.join(' or ')}`,
    );
  }
  return { plugin: true, version };
}

/** What a credential plugin prints. `expires` is in milliseconds since 1970; until then the client does not ask again. */
export function execCredential(version: ExecVersion, token: string, expires: number | undefined): string {
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: version,
    spec: { interactive: false },
    status: {
      ...(expires === undefined
        ? {}
        : { expirationTimestamp: `${new Date(expires).toISOString().slice(0, 19)}Z` }),
      token,
    },
  });
}
