import { change, type RowResult, type Run, reached } from './results.ts';

const BAR = 20;
const HEAD = ['', 'bare server', 'sallyport', 'other', 'of bare', '', 'at least', 'of other', 'since last'];

/** A run as a table with bars, for a terminal. `before` is an earlier run to be compared with. */
export function runTable(run: Run, before?: Run): string {
  const withOther = run.rows.some((row) => row.summaries.other);
  const cells = run.rows.map((row) =>
    rowCells(
      row,
      before?.rows.find(({ name }) => name === row.name),
    ),
  );
  const used = HEAD.map((_, column) =>
    column === 3 || column === 7 ? withOther : column === 8 ? before !== undefined : true,
  );
  const lines = [HEAD, ...cells];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  // Words and bars begin where their column begins, figures end where it ends.
  const padded = (text: string, column: number): string =>
    column === 0 || column === 5 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
  const table = lines.map((line) =>
    line
      .flatMap((text, column) => (used[column] ? [padded(text, column)] : []))
      .join('  ')
      .trimEnd(),
  );
  const faults = run.rows.flatMap((row) => (row.fault ? [`${row.name}: ${row.fault}`] : []));
  return [...table, ...(faults.length ? ['', ...faults] : []), ''].join('\n');
}

function rowCells(row: RowResult, before: RowResult | undefined): string[] {
  const { summaries, unit, ofBare, ofOther, share, most } = row;
  const figure = (subject: 'bare' | 'sallyport' | 'other'): string => {
    const said = summaries[subject];
    return said ? `${number(said.median)} ±${Math.round(said.spread * 100)}%` : '-';
  };
  const met = reached(row);
  const mark = met === undefined ? '' : met ? ' yes' : ' NO';
  const least = share !== undefined ? percent(share) : most !== undefined ? `<= ${most} ${unit}` : '';
  const since = change(row, before);
  const isSpeed = unit === 'req/s' || unit === 'events/s';
  return [
    `${row.title}, ${unit}`,
    figure('bare'),
    figure('sallyport'),
    figure('other'),
    isSpeed && ofBare !== undefined ? percent(ofBare) : '',
    isSpeed && ofBare !== undefined ? bar(ofBare, share) : '',
    least === '' ? '' : `${least}${mark}`,
    isSpeed && ofOther !== undefined ? `${ofOther.toFixed(1)} x` : '',
    since === undefined ? '' : `${since < 0 ? '' : '+'}${Math.round(since * 100)} %`,
  ];
}

/** The whole width is the bare server's speed; a mark shows what is to be reached. */
export function bar(part: number, goal?: number): string {
  const full = Math.min(Math.round(part * BAR), BAR);
  const cells = [...'█'.repeat(full).padEnd(BAR, '·')];
  if (goal !== undefined && goal < 1) {
    const at = Math.min(Math.round(goal * BAR), BAR - 1);
    if (at >= full) cells[at] = '|';
  }
  return cells.join('');
}

function percent(part: number): string {
  return `${part < 0.1 ? (part * 100).toFixed(1) : Math.round(part * 100)} %`;
}

function number(value: number): string {
  return (value < 10 ? Number(value.toFixed(1)) : Math.round(value)).toLocaleString('en-US');
}
