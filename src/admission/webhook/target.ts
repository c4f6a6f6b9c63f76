import type { Lister } from '../../registry/lister.ts';
import type { WebhookTarget } from '../../webhook/target.ts';

export interface ClientConfig {
  url?: string | null;
  service?: { namespace: string; name: string; path?: string | null; port?: number | null } | null;
  caBundle?: string | null;
}

/** Where a webhook is; or its URL as it is told, and why nobody can say where that is. */
export type Resolved = { ok: true; target: WebhookTarget } | { ok: false; url: string; why: string };

/** A webhook's clientConfig as something to post to. Services are asked for anew: their addresses change. */
export function resolveTarget(
  { url, service, caBundle }: ClientConfig,
  services: Lister | undefined,
): Resolved {
  const ca = caBundle ? Buffer.from(caBundle, 'base64').toString('utf8') : undefined;
  if (url) return { ok: true, target: { url, ...(ca ? { ca } : {}) } };
  if (!service) return { ok: false, url: '', why: 'webhook configuration must have either service or URL' };
  const { name, namespace, path } = service;
  const port = service.port ?? 443;
  const address = `https://${name}.${namespace}.svc:${port}${path ? (path.startsWith('/') ? path : `/${path}`) : ''}`;
  const found = services?.get(namespace, name);
  if (!found) return { ok: false, url: address, why: `service "${name}" not found` };
  const spec = (found['spec'] ?? {}) as {
    type?: string;
    clusterIP?: string;
    externalName?: string;
    ports?: { port: number }[];
  };
  const target = { url: address, ...(ca ? { ca } : {}), serverName: `${name}.${namespace}.svc` };
  if (spec.type === 'ExternalName') {
    if (port !== 443)
      return { ok: false, url: address, why: `unsupported port ${port} for external name service` };
    return { ok: true, target: { ...target, connectTo: { host: spec.externalName ?? '', port } } };
  }
  if (spec.clusterIP === 'None') return { ok: true, target };
  if (!spec.ports?.some((one) => one.port === port)) {
    return { ok: false, url: address, why: `no service port ${port} found for service "${name}"` };
  }
  return { ok: true, target: { ...target, connectTo: { host: spec.clusterIP ?? '', port } } };
}
