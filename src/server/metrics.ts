import type { Registry } from 'prom-client';
import { promClient } from './prom-client.ts';
import { RequestMetrics } from './request-metrics.ts';

/** kube-apiserver's metric names where the same thing is measured, `sallyport_*` for what only this server has. */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly #texts: (() => string)[] = [];
  #process: Promise<Registry> | undefined;

  /** `slis`: health checks alone. Process metrics are gathered from the first time anybody asks. */
  async text(slis: boolean): Promise<{ type: string; text: string }> {
    const type = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';
    if (slis) return { type, text: '' };
    this.#process ??= processMetrics();
    const registry = await this.#process;
    return { type, text: [await registry.metrics(), ...this.#texts.map((of) => of())].join('') };
  }

  /** Adds metrics that somebody else keeps, in Prometheus' text format. */
  add(text: () => string): void {
    this.#texts.push(text);
  }
}

async function processMetrics(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await promClient();
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}
