import { rfc3339 } from '../../meta/clock.ts';
import type { Expiration } from '../../pki/expiration.ts';
import { promClient } from '../../server/prom-client.ts';

export type Standing = 'good' | 'soon' | 'expired' | 'never' | 'problem' | 'missing' | 'not looked at';

export interface OutputOptions {
  now: number;
  /** How early a warning comes; 0 where none was asked for. */
  warnMs: number;
}

/** How something that expires stands. What is wrong with it weighs more than its time. */
export function standing(row: Expiration, { now, warnMs }: OutputOptions): Standing {
  if (row.missing) return 'missing';
  if (row.expires !== undefined && row.expires <= now) return 'expired';
  if (row.problem !== undefined) return 'problem';
  if (row.expires !== undefined) return row.expires - now <= warnMs ? 'soon' : 'good';
  return row.never ? 'never' : 'not looked at';
}

/** Whether a cron job should be told. An emergency certificate is meant to expire; what kubeadm leaves out isn't missed. */
export function needsAttention(row: Expiration, options: OutputOptions): boolean {
  const how = standing(row, options);
  if (row.kind === 'break-glass') return how === 'problem' || how === 'good' || how === 'soon';
  return how === 'soon' || how === 'expired' || how === 'problem' || how === 'missing';
}

const DAY = 86_400_000;

/** Time that is left as kubeadm shows it (apimachinery duration.ShortHumanDuration); what is over is said to be. */
export function residual(ms: number): string {
  return ms < 0 ? `expired ${short(-ms)} ago` : short(ms);
}

function short(ms: number): string {
  if (ms >= 365 * DAY) return `${Math.floor(ms / (365 * DAY))}y`;
  if (ms >= DAY) return `${Math.floor(ms / DAY)}d`;
  if (ms >= 3_600_000) return `${Math.floor(ms / 3_600_000)}h`;
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)}m`;
  return `${Math.floor(ms / 1000)}s`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov 30, 2027 21:39 UTC`, as kubeadm writes times. */
export function kubeadmTime(ms: number): string {
  const text = new Date(ms).toISOString();
  const [year, month, day] = text.slice(0, 10).split('-');
  return `${MONTHS[Number(month) - 1]} ${day}, ${year} ${text.slice(11, 16)} UTC`;
}

const expiryCells = (row: Expiration, now: number): [string, string] =>
  row.expires === undefined
    ? [row.never ? 'never' : '', '']
    : [kubeadmTime(row.expires), residual(row.expires - now)];

const yesNo = (value: boolean | undefined): string => (value === undefined ? '' : value ? 'yes' : 'no');
const nameCell = (row: Expiration): string => (row.missing ? `!MISSING! ${row.name}` : row.name);

/** The last cell: what is wrong now, and what breaks or has broken. */
function breaksCell(row: Expiration): string {
  return [row.problem === undefined ? undefined : `!${row.problem}`, row.breaks]
    .filter((part) => part !== undefined && part !== '')
    .join('; ');
}

const TITLES: Readonly<Record<Expiration['kind'], string>> = {
  certificate: 'certificate',
  authority: 'CA',
  'client-certificate': 'client cert',
  'serving-certificate': 'serving cert',
  token: 'token',
  'service-account-token': 'SA token',
  'bootstrap-token': 'bootstrap token',
  'exec-plugin': 'exec plugin',
  'break-glass': 'break-glass',
  cluster: 'cluster',
};

/** kubeadm's two tables for each folder, and one table for everything else; each with what breaks. */
export function tableText(rows: readonly Expiration[], { now }: OutputOptions): string {
  const parts: string[] = [];
  const folders = [...new Set(rows.filter(({ kind }) => kind === 'certificate').map(({ source }) => source))];
  for (const folder of folders) {
    const own = rows.filter(({ source }) => source === folder);
    const certificates = own.filter(({ kind }) => kind !== 'authority');
    parts.push(
      ...(folders.length > 1 ? [`${folder}:`] : []),
      columns([
        [
          'CERTIFICATE',
          'EXPIRES',
          'RESIDUAL TIME',
          'CERTIFICATE AUTHORITY',
          'EXTERNALLY MANAGED',
          'WHAT BREAKS',
        ],
        ...certificates.map((row) => [
          nameCell(row),
          ...expiryCells(row, now),
          row.authority ?? '',
          yesNo(row.externallyManaged),
          breaksCell(row),
        ]),
      ]),
      columns([
        ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED', 'WHAT BREAKS'],
        ...own
          .filter(({ kind }) => kind === 'authority')
          .map((row) => [
            nameCell(row),
            ...expiryCells(row, now),
            yesNo(row.externallyManaged),
            breaksCell(row),
          ]),
      ]),
    );
  }
  const others = rows.filter(({ source }) => !folders.includes(source));
  if (others.length)
    parts.push(
      columns([
        ['WHERE', 'WHAT', 'NAME', 'EXPIRES', 'RESIDUAL TIME', 'ISSUER', 'WHAT BREAKS'],
        ...others.map((row) => [
          row.source,
          TITLES[row.kind],
          nameCell(row),
          ...expiryCells(row, now),
          row.authority ?? '',
          breaksCell(row),
        ]),
      ]),
    );
  return parts.join('\n');
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => printable(row[at]!).length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) =>
            at === row.length - 1 ? printable(cell) : printable(cell).padEnd(widths[at]! + 3),
          )
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

// Names come from certificates and kubeconfigs of others, and must not command a terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const printable = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?');

/** The same for programs. Times are RFC 3339. */
export function expirationDocument(rows: readonly Expiration[], options: OutputOptions) {
  return {
    checked: rfc3339(options.now),
    items: rows.map((row) => ({
      source: row.source,
      kind: row.kind,
      name: row.name,
      status: standing(row, options),
      ...(row.expires === undefined
        ? {}
        : {
            expires: rfc3339(row.expires),
            residualSeconds: Math.floor((row.expires - options.now) / 1000),
          }),
      ...(row.authority === undefined ? {} : { authority: row.authority }),
      ...(row.externallyManaged === undefined ? {} : { externallyManaged: row.externallyManaged }),
      ...(row.breaks === undefined ? {} : { breaks: row.breaks }),
      ...(row.problem === undefined ? {} : { problem: row.problem }),
    })),
  };
}

/** Prometheus' text format, for the textfile collector of node_exporter. */
export async function prometheusText(rows: readonly Expiration[], options: OutputOptions): Promise<string> {
  const { Gauge, Registry } = await promClient();
  const registry = new Registry();
  const labelNames = ['source', 'kind', 'name', 'authority'];
  const expires = new Gauge({
    name: 'sallyport_certificate_expiration_timestamp_seconds',
    help: 'When a certificate or token expires, in seconds since 1970.',
    labelNames,
    registers: [registry],
  });
  const failed = new Gauge({
    name: 'sallyport_certificate_check_failed',
    help: '1 for what is missing, broken or could not be looked at.',
    labelNames,
    registers: [registry],
  });
  const checked = new Gauge({
    name: 'sallyport_certificate_check_timestamp_seconds',
    help: 'When the check ran, in seconds since 1970.',
    registers: [registry],
  });
  for (const row of rows) {
    const labels = { source: row.source, kind: row.kind, name: row.name, authority: row.authority ?? '' };
    if (row.expires !== undefined) expires.set(labels, row.expires / 1000);
    failed.set(labels, row.problem !== undefined || row.missing ? 1 : 0);
  }
  checked.set(Math.floor(options.now / 1000));
  return registry.metrics();
}
