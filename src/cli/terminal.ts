import type { Canvas } from '../explain/drawing.ts';

const LEAST_COLUMNS = 40;

/** As much of an output stream as says what can be drawn on it. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
}

/**
 * What may be drawn on an output: colours on a terminal alone, and not where NO_COLOR is set (no-color.org) or the terminal
 * is a dumb one; lines are broken where a terminal would break them anyway.
 */
export function canvasOf(
  output: Output = process.stdout,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Canvas {
  if (!output.isTTY) return { colours: false };
  const width = Math.max(LEAST_COLUMNS, output.columns ?? 80);
  return { colours: !env['NO_COLOR'] && env['TERM'] !== 'dumb', width };
}
