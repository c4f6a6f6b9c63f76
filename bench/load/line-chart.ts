/** One line of a chart. */
export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface Chart {
  title: string;
  /** What the axis says under its numbers. */
  x: string;
  y: string;
  series: readonly Series[];
  /** Both axes grow by factors; without it both begin at 0 and grow by steps. */
  logarithmic: boolean;
}

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 64;
const RIGHT = 210;
const TOP = 44;
const BOTTOM = 52;
/** Okabe and Ito's colours, which colour-blind people tell apart; each line has its own dashes and mark beside. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c6bb1', '#7a7a7a'];
const DASHES = ['', '7 4', '2 3', '10 3 2 3', '5 2', '1 4', '12 4', '3 6'];
const MARKS = [
  (x: number, y: number) => `<circle cx="${x}" cy="${y}" r="4"/>`,
  (x: number, y: number) => `<rect x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`,
  (x: number, y: number) => `<path d="M${x} ${y - 4.8}l4.8 8.6h-9.6z"/>`,
  (x: number, y: number) => `<path d="M${x} ${y - 5}l5 5l-5 5l-5 -5z"/>`,
  (x: number, y: number) => `<path d="M${x} ${y + 4.8}l4.8 -8.6h-9.6z"/>`,
  (x: number, y: number) => `<path class="open" d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8"/>`,
  (x: number, y: number) => `<circle class="open" cx="${x}" cy="${y}" r="4"/>`,
  (x: number, y: number) => `<rect class="open" x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`,
];

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

function shown(value: number): string {
  if (value >= 1000) return value.toLocaleString('en');
  return String(Number(value.toPrecision(2)));
}

/** Lines over two axes, as an SVG that is readable on light and dark pages. */
export function lineChart({ title, x, y, series, logarithmic }: Chart): string {
  const points = series.flatMap((s) => s.points);
  const xs = points.map(([at]) => at);
  const ys = points.map(([, at]) => at).filter((at) => !logarithmic || at > 0);
  const scale = (values: readonly number[], from: number, to: number) => {
    const least = logarithmic ? 10 ** Math.floor(Math.log10(Math.min(...values))) : 0;
    const most = logarithmic
      ? 10 ** Math.ceil(Math.log10(Math.max(...values)) - 1e-9)
      : niceMost(Math.max(...values));
    const place = (value: number): number => {
      const part = logarithmic
        ? Math.log10(Math.max(value, least) / least) / Math.max(Math.log10(most / least), 1)
        : value / most;
      return Math.round((from + part * (to - from)) * 10) / 10;
    };
    const ticks: number[] = [];
    if (logarithmic) for (let tick = least; tick <= most * 1.001; tick *= 10) ticks.push(tick);
    else for (let i = 0; i <= 5; i++) ticks.push((most / 5) * i);
    return { place, ticks };
  };
  const across = scale(xs, LEFT, WIDTH - RIGHT);
  const up = scale(ys, HEIGHT - BOTTOM, TOP);
  const grid = [
    ...up.ticks.map((tick) => {
      const at = up.place(tick);
      return `<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/><text class="tick" x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${shown(tick)}</text>`;
    }),
    ...across.ticks.map((tick) => {
      const at = across.place(tick);
      return `<path class="grid" d="M${at} ${TOP}V${HEIGHT - BOTTOM}"/><text class="tick" x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${shown(tick)}</text>`;
    }),
  ];
  // Names stand where their lines end, and make room for each other.
  const ends = series
    .map(({ points: of }, i) => ({ i, at: up.place(of.at(-1)![1]) }))
    .sort((a, b) => a.at - b.at);
  let free = TOP;
  const names = new Map<number, number>();
  for (const { i, at } of ends) {
    const placed = Math.max(at, free);
    names.set(i, placed);
    free = placed + 17;
  }
  const over = free - 17 - (HEIGHT - BOTTOM);
  const lines = series.map(({ name, points: of }, i) => {
    const placed = of.map(([px, py]) => [across.place(px), up.place(py)] as const);
    const colour = COLOURS[i % COLOURS.length]!;
    const dash = DASHES[i % DASHES.length]!;
    const label = names.get(i)! - Math.max(over, 0);
    const [endX, endY] = placed.at(-1)!;
    return `<g style="--c:${colour}"><path class="line" d="M${placed.map((p) => p.join(' ')).join('L')}"${dash ? ` stroke-dasharray="${dash}"` : ''}/>${placed
      .map(([px, py]) => MARKS[i % MARKS.length]!(px, py))
      .join(
        '',
      )}<path class="lead" d="M${endX + 7} ${endY}L${WIDTH - RIGHT + 18} ${label}"/><text class="name" x="${WIDTH - RIGHT + 22}" y="${label + 4}">${escaped(name)}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
<style>
svg{color-scheme:light dark;--ink:#1f2328;--faint:#d0d7de;font:13px system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--faint:#3d444d}}
text{fill:var(--ink)}.title{font-weight:600;font-size:15px}.tick{font-size:11px;opacity:.8}.name{font-size:12px}
.grid{stroke:var(--faint);stroke-width:1;fill:none}.line{stroke:var(--c);stroke-width:2.2;fill:none}
.lead{stroke:var(--c);stroke-width:1;opacity:.5;fill:none}
g circle:not(.open),g rect:not(.open),g path:not(.line):not(.lead):not(.open){fill:var(--c);stroke:var(--c)}.open{fill:none;stroke:var(--c);stroke-width:2}
</style>
<text class="title" x="${LEFT}" y="22">${escaped(title)}</text>
<text class="tick" x="${LEFT}" y="${TOP - 8}">${escaped(y)}</text>
<text class="tick" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x)}</text>
${[...grid, ...lines].join('\n')}
</svg>
`;
}

/** The next number that five steps divide well. */
function niceMost(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  for (const factor of [1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10]) if (value <= factor * power) return factor * power;
  return value;
}
