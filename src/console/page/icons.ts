import { svg } from './dom.ts';

/** Every state has a shape of its own, so that nobody needs the colours to tell them apart. */
const SHAPES: Readonly<Record<string, readonly (readonly [tag: string, props: Record<string, string>])[]>> = {
  allowed: [
    ['circle', { cx: '8', cy: '8', r: '6.5', class: 'fill' }],
    ['path', { d: 'M5 8.2l2.1 2.1L11 6.2', class: 'on-fill' }],
  ],
  refused: [
    ['path', { d: 'M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z', class: 'fill' }],
    ['path', { d: 'M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6', class: 'on-fill' }],
  ],
  failed: [
    ['path', { d: 'M8 1.6l6.6 12H1.4z', class: 'fill' }],
    ['path', { d: 'M8 6.2v3.4M8 11.6v.2', class: 'on-fill' }],
  ],
  running: [['path', { d: 'M8 1.8A6.2 6.2 0 1 1 1.8 8', class: 'line' }]],
  skipped: [['path', { d: 'M4 8h8', class: 'line' }]],
  unreached: [['circle', { cx: '8', cy: '8', r: '2', class: 'line' }]],
  opinion: [
    ['circle', { cx: '8', cy: '8', r: '6', class: 'line' }],
    ['path', { d: 'M5 8h6', class: 'line' }],
  ],
  near: [['path', { d: 'M2 10c2-5 4-5 6-2s4 3 6-2', class: 'line' }]],
  soon: [
    ['path', { d: 'M8 1.5L14.5 8 8 14.5 1.5 8z', class: 'fill' }],
    ['path', { d: 'M8 5v3.6M8 10.8v.2', class: 'on-fill' }],
  ],
  copy: [
    ['rect', { x: '5.5', y: '5.5', width: '8', height: '8', rx: '1.5', class: 'line' }],
    ['path', { d: 'M10.5 3V2.5h-8v8H3', class: 'line' }],
  ],
  play: [['path', { d: 'M4.5 2.5l8.5 5.5-8.5 5.5z', class: 'fill' }]],
  pause: [['path', { d: 'M5 3v10M11 3v10', class: 'line thick' }]],
  sun: [
    ['circle', { cx: '8', cy: '8', r: '3', class: 'line' }],
    [
      'path',
      {
        d: 'M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3.05 3.05l1.1 1.1M11.85 11.85l1.1 1.1M3.05 12.95l1.1-1.1M11.85 4.15l1.1-1.1',
        class: 'line',
      },
    ],
  ],
  moon: [['path', { d: 'M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z', class: 'line' }]],
  auto: [
    ['circle', { cx: '8', cy: '8', r: '6', class: 'line' }],
    ['path', { d: 'M8 2a6 6 0 0 1 0 12z', class: 'fill' }],
  ],
  gate: [
    ['path', { d: 'M2.5 14.5V7a5.5 5.5 0 0 1 11 0v7.5', class: 'line' }],
    ['path', { d: 'M6 14.5V9.2a2 2 0 0 1 4 0v5.3', class: 'line' }],
  ],
};

/** A picture beside words, hidden from screen readers: the words say the same. */
export function icon(name: string): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', class: `icon icon-${name}`, 'aria-hidden': 'true', focusable: 'false' },
    (SHAPES[name] ?? SHAPES['unreached']!).map(([tag, props]) => svg(tag, props)),
  );
}
