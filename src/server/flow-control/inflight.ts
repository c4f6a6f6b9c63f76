import type { RequestInfo } from '../../request/request-info.ts';
import { metricText } from '../metric-text.ts';

const READ_ONLY = new Set(['get', 'list', 'watch']);

export const isMutating = (info: RequestInfo): boolean => !READ_ONLY.has(info.verb);

/** How many requests run or wait, and the most of the last second (server/filters/maxinflight.go, requestWatermark). */
export class Inflight {
  readOnly = 0;
  mutating = 0;
  #mostReadOnly = 0;
  #mostMutating = 0;
  #since = 0;
  #last = { readOnly: 0, mutating: 0 };

  /** `now`: monotonic milliseconds. */
  begin(mutating: boolean, now: number): void {
    if (now - this.#since >= 1000) this.#roll(now);
    if (mutating) {
      if (++this.mutating > this.#mostMutating) this.#mostMutating = this.mutating;
    } else if (++this.readOnly > this.#mostReadOnly) this.#mostReadOnly = this.readOnly;
  }

  end(mutating: boolean): void {
    if (mutating) this.mutating--;
    else this.readOnly--;
  }

  text(name: string, help: string, now: number): string {
    if (now - this.#since >= 1000) this.#roll(now);
    return metricText(name, help, 'gauge', [
      {
        labels: { request_kind: 'mutating' },
        value: Math.max(this.#last.mutating, this.#mostMutating),
      },
      {
        labels: { request_kind: 'readOnly' },
        value: Math.max(this.#last.readOnly, this.#mostReadOnly),
      },
    ]);
  }

  #roll(now: number): void {
    // Where nothing has come for longer, the second before had nothing but what runs still.
    const recent = now - this.#since < 2000;
    this.#last = recent
      ? { readOnly: this.#mostReadOnly, mutating: this.#mostMutating }
      : { readOnly: this.readOnly, mutating: this.mutating };
    this.#mostReadOnly = this.readOnly;
    this.#mostMutating = this.mutating;
    this.#since = now;
  }
}
