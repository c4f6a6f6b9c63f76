import { answerPageNotFound, answerText } from './answer.ts';
import type { ApiRequest } from './api-request.ts';

/** One thing that has to be well. */
export interface HealthCheck {
  name: string;
  /** Undefined where all is well, else what is not. */
  check(): string | undefined | Promise<string | undefined>;
}

/** `/healthz`, `/livez` and `/readyz` with their single checks (apiserver pkg/server/healthz). */
export class HealthChecks {
  readonly #sets = new Map<string, readonly HealthCheck[]>();
  readonly #hidden: ReadonlySet<string>;

  /** `hidden` names paths that are not there though the check is run, such as `/readyz/etcd`. */
  constructor(
    sets: Record<'healthz' | 'livez' | 'readyz', readonly HealthCheck[]>,
    hidden: readonly string[] = [],
  ) {
    for (const [name, checks] of Object.entries(sets)) this.#sets.set(name, checks);
    this.#hidden = new Set(hidden);
  }

  /** The paths of all sets and checks, for the index. */
  paths(): string[] {
    const out: string[] = [];
    for (const [name, checks] of this.#sets) out.push(`/${name}`, ...checks.map((c) => `/${name}/${c.name}`));
    return out.filter((path) => !this.#hidden.has(path));
  }

  /** Answers where the path is one of health's; false where it is not. */
  async answer(request: ApiRequest): Promise<boolean> {
    const [, set = '', ...rest] = request.info.path.split('/');
    const checks = this.#sets.get(set);
    if (!checks) return false;
    if (rest.length === 0) await this.#all(request, set, checks);
    else await this.#one(request, set, checks, rest.join('/'));
    return true;
  }

  async #one(request: ApiRequest, set: string, checks: readonly HealthCheck[], name: string): Promise<void> {
    const check = checks.find((c) => c.name === name);
    if (!check || this.#hidden.has(`/${set}/${name}`)) return answerPageNotFound(request);
    const fault = await check.check();
    if (fault === undefined) answerText(request, 200, 'ok');
    else answerText(request, 500, `internal server error: ${fault}\n`);
  }

  async #all(request: ApiRequest, set: string, checks: readonly HealthCheck[]): Promise<void> {
    const excluded = new Set(request.query.getAll('exclude'));
    const lines: string[] = [];
    let failed = false;
    for (const check of checks) {
      if (excluded.delete(check.name)) {
        lines.push(`[+]${check.name} excluded: ok`);
        continue;
      }
      const fault = await check.check();
      failed ||= fault !== undefined;
      lines.push(fault === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
    }
    if (excluded.size) {
      lines.push(
        `warn: some health checks cannot be excluded: no matches for ${[...excluded].map((n) => `"${n}"`).join(',')}`,
      );
    }
    if (failed) answerText(request, 500, `${lines.join('\n')}\n${set} check failed\n`);
    else if (request.query.has('verbose'))
      answerText(request, 200, `${lines.join('\n')}\n${set} check passed\n`);
    else answerText(request, 200, 'ok');
  }
}
