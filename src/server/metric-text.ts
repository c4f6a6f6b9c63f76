import type { PlainHistogram } from './plain-histogram.ts';

/** One line of a metric: its labels and value. `suffix` stands behind the name, as `_sum` does. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
  suffix?: string;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** A metric in Prometheus' text format, its line of help and type first; nothing where there are no samples. */
export function metricText(
  name: string,
  help: string,
  type: 'counter' | 'gauge' | 'histogram',
  samples: Iterable<Sample>,
): string {
  let text = '';
  for (const { labels, value, suffix = '' } of samples) {
    const pairs = Object.entries(labels).map(([key, of]) => `${key}="${escapeLabel(of)}"`);
    text += `${name}${suffix}${pairs.length ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  }
  return text && `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${text}`;
}

/** The lines of one histogram. */
export function histogramSamples(
  labels: Readonly<Record<string, string>>,
  histogram: PlainHistogram,
): Sample[] {
  const counts = histogram.cumulative();
  const samples: Sample[] = histogram.bounds.map((bound, i) => ({
    labels: { ...labels, le: String(bound) },
    value: counts[i]!,
    suffix: '_bucket',
  }));
  samples.push({ labels: { ...labels, le: '+Inf' }, value: histogram.count, suffix: '_bucket' });
  samples.push({ labels, value: histogram.sum, suffix: '_sum' });
  samples.push({ labels, value: histogram.count, suffix: '_count' });
  return samples;
}
