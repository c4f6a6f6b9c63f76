import { lineChart } from './line-chart.ts';

/** What the server holds, minute by minute. */
export function soakChart(minutes: readonly Record<string, number>[]): string {
  const series = (name: string, of: string) => ({
    name,
    points: minutes.map((row) => [row['minute']!, row[of]!] as const),
  });
  return lineChart({
    title: 'What a server holds under mixed load, minute by minute',
    x: 'minutes',
    y: 'MiB',
    series: [
      series('resident, mapped files too', 'residentMiB'),
      series('JavaScript heap in use', 'heapMiB'),
      series('buffers', 'externalMiB'),
    ],
    logarithmic: false,
  });
}
