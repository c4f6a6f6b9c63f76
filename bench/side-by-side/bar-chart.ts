import type { RowResult, Run } from './results.ts';

const WIDTH = 760;
const LEFT = 236;
const RIGHT = 96;
const TOP = 80;
const BAR = 13;
const GAP = 16;

interface Bar {
  kind: 'ours' | 'peer';
  share: number;
  words: string;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const percent = (share: number): string =>
  `${share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;

function barsOf({ ofBare, peer, summaries, unit }: RowResult): Bar[] {
  const bars: Bar[] = [];
  if (ofBare === undefined) return bars;
  const figure = Math.round(summaries.sallyport!.median).toLocaleString('en');
  bars.push({
    kind: 'ours',
    share: ofBare,
    words: `${percent(ofBare)}: ${figure} ${unit === 'events/s' ? 'events ' : ''}a second`,
  });
  if (peer !== undefined) bars.push({ kind: 'peer', share: peer, words: percent(peer) });
  return bars;
}

/**
 * What part of a bare server's speed each row reached, and what part kube-apiserver did of one beside it, as an SVG that is
 * readable on light and dark pages. Rows that are not compared with the bare server are left out.
 */
export function barChart(run: Run): string {
  const rows = run.rows.filter(({ ofBare, unit }) => ofBare !== undefined && unit.endsWith('/s'));
  const most = Math.max(1, ...rows.map(({ ofBare }) => ofBare!));
  const across = (share: number): number =>
    Math.round((share / most) * (WIDTH - LEFT - RIGHT - 90) * 10) / 10;
  const parts: string[] = [];
  let y = TOP;
  for (const row of rows) {
    const bars = barsOf(row);
    const middle = y + (bars.length * (BAR + 2)) / 2;
    parts.push(
      `<text class="name" x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${escaped(row.title.trim())}</text>`,
    );
    for (const { kind, share, words } of bars) {
      const width = Math.max(across(share), 1);
      parts.push(
        `<rect class="${kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>`,
        `<text class="figure" x="${LEFT + width + 6}" y="${y + BAR - 2}">${escaped(words)}</text>`,
      );
      y += BAR + 2;
    }
    y += GAP - 2;
  }
  const bare = LEFT + across(1);
  const title = 'Speed beside a bare Node.js HTTP/2 server';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 6}" role="img" aria-label="${escaped(title)}">
<style>
svg{color-scheme:light dark;--ink:#1f2328;--faint:#8c959f;font:13px system-ui,sans-serif}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--faint:#6e7681}}
text{fill:var(--ink)}.title{font-weight:600;font-size:15px}.name{font-size:12px}.figure{font-size:11px}.tick{font-size:11px;opacity:.8}
.ours{fill:#0072b2}.peer{fill:#e69f00}.bare{stroke:var(--faint);stroke-dasharray:4 3;fill:none}
</style>
<text class="title" x="12" y="22">${escaped(title)}</text>
<rect class="ours" x="12" y="34" width="11" height="11" rx="2"/><text class="tick" x="28" y="44">Sallyport</text>
<rect class="peer" x="100" y="34" width="11" height="11" rx="2"/><text class="tick" x="116" y="44">kube-apiserver v1.36.2 and etcd, of one on another machine</text>
<path class="bare" d="M${bare} ${TOP - 6}V${y - 4}"/><text class="tick" x="${bare}" y="${TOP - 10}" text-anchor="middle">bare server: 100 %</text>
${parts.join('\n')}
</svg>
`;
}
