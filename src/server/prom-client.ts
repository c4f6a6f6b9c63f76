type PromClient = typeof import('prom-client');

/** prom-client, loaded when somebody asks for metrics. It is CommonJS: bundled, all of it stands under `default`. */
export async function promClient(): Promise<PromClient> {
  const loaded: PromClient & { default?: PromClient } = await import('prom-client');
  return loaded.default ?? loaded;
}
