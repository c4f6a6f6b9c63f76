import { credentialOf } from '../../explain/credential.ts';
import type { DecisionRecord } from '../../explain/record.ts';
import type { ShownCertificate } from '../certificates-path.ts';
import { ApiError } from './api.ts';
import { fill, h } from './dom.ts';
import { expiryCell } from './expiry.ts';
import { icon } from './icons.ts';
import { credentialKind, short } from './identities-view.ts';
import { missingRights } from './missing-rights.ts';
import { isOurs } from './passage.ts';
import type { Context, View } from './view.ts';

interface Answer {
  items: ShownCertificate[];
  faults: { flag: string; file: string; fault: string }[];
}

interface Seen {
  user: string;
  kind: string;
  id: string;
  expires: number | undefined;
  isToken: boolean;
}

/** What ends when: the server's own certificates and authorities, and what callers have shown. */
export function certificatesView(context: Context): View {
  const { session, records } = context;
  const own = h('div', null, h('p', { class: 'loading', role: 'status' }, 'Loading…'));
  const seen = h('div');
  const element = h(
    'div',
    { class: 'page' },
    h('h1', null, 'Expiry'),
    h('p', { class: 'lead' }, 'What will end, the soonest first.'),
    h('h2', null, 'This server and whom it trusts'),
    own,
    h('h2', null, 'Shown by callers'),
    seen,
  );
  session.api.get<Answer>('/sallyport/v1/certificates').then(
    (answer) => fill(own, ownTable(answer)),
    (error: unknown) =>
      fill(
        own,
        error instanceof ApiError && error.status === 403
          ? missingRights(session, error, 'certificates of this server')
          : h(
              'p',
              { class: 'notice failed', role: 'alert' },
              icon('failed'),
              h('span', null, (error as Error).message),
            ),
      ),
  );
  function show(): void {
    if (records.connection === 'denied' && records.fault) {
      fill(seen, missingRights(session, records.fault, 'what callers have shown'));
      return;
    }
    const found = seenIn(records.items);
    fill(
      seen,
      found.length
        ? seenTable(found)
        : h(
            'p',
            { class: 'empty' },
            records.connection === 'connecting'
              ? 'Loading…'
              : 'No caller has shown a certificate or a token yet.',
          ),
    );
  }
  show();
  return { title: 'Expiry', element, dispose: records.onChange(show) };
}

/** Certificates and tokens that requests came with, those that end first in front. */
export function seenIn(records: readonly DecisionRecord[]): Seen[] {
  const found = new Map<string, Seen>();
  for (const record of records) {
    if (isOurs(record)) continue;
    const credential = credentialOf(record);
    if (!credential || credential.by === 'anonymous') continue;
    const user = record.authentication?.user?.name ?? '';
    const id = credential.id ?? '';
    const key = JSON.stringify([user, credential.by, id, id ? '' : credential.expires]);
    if (!found.has(key))
      found.set(key, {
        user,
        kind: credentialKind(credential),
        id,
        expires: credential.expires,
        isToken: credential.by !== 'x509',
      });
  }
  return [...found.values()].sort(
    (a, b) => (a.expires ?? Number.POSITIVE_INFINITY) - (b.expires ?? Number.POSITIVE_INFINITY),
  );
}

const head = (names: readonly string[]): HTMLElement =>
  h(
    'thead',
    null,
    h(
      'tr',
      null,
      names.map((name) => h('th', { scope: 'col' }, name)),
    ),
  );

/** One certificate may be there for several uses; those that end first in front. */
function byCertificate(
  items: readonly ShownCertificate[],
): { item: ShownCertificate; uses: ShownCertificate[] }[] {
  const found = new Map<string, { item: ShownCertificate; uses: ShownCertificate[] }>();
  for (const item of items) {
    const there = found.get(item.fingerprint);
    if (there) there.uses.push(item);
    else found.set(item.fingerprint, { item, uses: [item] });
  }
  return [...found.values()].sort((a, b) => Date.parse(a.item.notAfter) - Date.parse(b.item.notAfter));
}

function ownTable({ items, faults }: Answer): HTMLElement {
  const now = Date.now();
  return h(
    'div',
    { class: 'scroll' },
    faults.map(({ flag, file, fault }) =>
      h(
        'p',
        { class: 'notice failed' },
        icon('failed'),
        h('span', { class: 'wrap' }, `--${flag}=${file}: ${fault}`),
      ),
    ),
    h(
      'table',
      { class: 'grid' },
      head(['What', 'Certificate', 'Ends']),
      h(
        'tbody',
        null,
        byCertificate(items).map(({ item, uses }) =>
          h(
            'tr',
            null,
            h(
              'th',
              { scope: 'row', 'data-label': 'What' },
              uses.map(({ use, flag, file }) => [
                h('span', { class: 'block' }, use),
                h('code', { class: 'small block wrap use-flag', title: file }, `--${flag}`),
              ]),
              h('span', { class: 'hint wrap block' }, [...new Set(uses.map(({ file }) => file))].join(', ')),
            ),
            h(
              'td',
              { 'data-label': 'Certificate' },
              h(
                'span',
                { class: 'wrap' },
                item.subject,
                item.ca ? [' ', h('span', { class: 'chip' }, 'CA')] : null,
              ),
              item.issuer === item.subject
                ? h('span', { class: 'hint block' }, 'signed by itself')
                : h('span', { class: 'hint block wrap' }, `issued by ${item.issuer}`),
              h(
                'span',
                { class: 'mono small block wrap', title: `SHA-256 ${item.fingerprint}` },
                `SHA-256 ${short(item.fingerprint)}`,
              ),
              item.names ? h('span', { class: 'hint block wrap' }, item.names) : null,
            ),
            h(
              'td',
              { 'data-label': 'Ends' },
              expiryCell(Date.parse(item.notAfter), now, { begins: Date.parse(item.notBefore) }),
            ),
          ),
        ),
      ),
    ),
  );
}

function seenTable(found: readonly Seen[]): HTMLElement {
  const now = Date.now();
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      { class: 'grid' },
      head(['User', 'Credential', 'Ends']),
      h(
        'tbody',
        null,
        found.map(({ user, kind, id, expires, isToken }) =>
          h(
            'tr',
            null,
            h('th', { scope: 'row', class: 'wrap', 'data-label': 'User' }, user),
            h(
              'td',
              { 'data-label': 'Credential' },
              kind,
              id ? h('span', { class: 'mono small block wrap', title: id }, short(id)) : null,
            ),
            h('td', { 'data-label': 'Ends' }, expiryCell(expires, now, { isToken })),
          ),
        ),
      ),
    ),
  );
}
