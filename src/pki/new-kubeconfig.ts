import { stringify } from 'yaml';

export interface KubeconfigParts {
  cluster: string;
  user: string;
  server: string;
  /** PEM; without, the machine's own roots. */
  ca?: string;
  /** PEM. */
  certificate: string;
  key: string;
  namespace?: string;
}

const data = (pem: string): string => Buffer.from(pem).toString('base64');

/** A kubeconfig of one context, everything embedded. Names may be any: they are quoted where YAML asks for it. */
export function newKubeconfig(parts: KubeconfigParts): string {
  const context = `${parts.user}@${parts.cluster}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: parts.cluster,
        cluster: {
          server: parts.server,
          ...(parts.ca === undefined ? {} : { 'certificate-authority-data': data(parts.ca) }),
        },
      },
    ],
    users: [
      {
        name: parts.user,
        user: { 'client-certificate-data': data(parts.certificate), 'client-key-data': data(parts.key) },
      },
    ],
    contexts: [
      {
        name: context,
        context: {
          cluster: parts.cluster,
          user: parts.user,
          ...(parts.namespace === undefined ? {} : { namespace: parts.namespace }),
        },
      },
    ],
    'current-context': context,
  };
  return stringify(config, { lineWidth: 0 });
}
