import { histogramSamples, metricText } from './metric-text.ts';
import { PlainHistogram } from './plain-histogram.ts';

const EVERY_MS = 20;
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** How late the event loop is: what every request waits before anybody looks at it. */
export class EventLoopDelay {
  readonly #delays = new PlainHistogram(SECONDS);
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    let due = performance.now() + EVERY_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#delays.observe(Math.max(0, now - due) / 1000);
      due = now + EVERY_MS;
    }, EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  text(): string {
    return metricText(
      'sallyport_event_loop_delay_seconds',
      'How late the event loop came to a timer: what a request waits at least.',
      'histogram',
      histogramSamples({}, this.#delays),
    );
  }
}
