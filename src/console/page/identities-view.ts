import { type Credential, credentialOf } from '../../explain/credential.ts';
import type { DecisionRecord } from '../../explain/record.ts';
import type { UserInfo } from '../../meta/user.ts';
import { fill, h } from './dom.ts';
import { expiryCell } from './expiry.ts';
import { EVERYTHING } from './filter.ts';
import { icon } from './icons.ts';
import { missingRights } from './missing-rights.ts';
import { callerOf, isOurs, outcomeOf } from './passage.ts';
import { clockTime, fromNow, moment } from './times.ts';
import type { Context, View } from './view.ts';

export interface Identity {
  user: UserInfo;
  /** By whom, where somebody else asked as this one. */
  by?: string;
  credential: Credential | undefined;
  requests: number;
  refused: number;
  first: number;
  last: number;
}

const KINDS: Readonly<Record<string, string>> = {
  x509: 'client certificate',
  'service-account': 'ServiceAccount token',
  jwt: 'OIDC token',
  'token-file': 'static token',
  'bootstrap-token': 'bootstrap token',
  'front-proxy': 'front proxy',
  webhook: 'token webhook',
  anonymous: 'nothing: anonymous',
  console: 'console session',
};

/** What a credential is, for people. */
export const credentialKind = (credential: Credential | undefined): string =>
  credential ? (KINDS[credential.by] ?? credential.by) : 'nothing';

/** Each user with each kind of credential that requests came with, the last seen first. */
export function identitiesOf(records: readonly DecisionRecord[]): Identity[] {
  const found = new Map<string, Identity>();
  for (const record of records) {
    if (isOurs(record)) continue;
    const { user, by } = callerOf(record);
    if (!user) continue;
    const credential = credentialOf(record);
    const key = JSON.stringify([user.name, user.groups, by?.name, credential?.by, credential?.id]);
    let identity = found.get(key);
    if (!identity) {
      identity = {
        user,
        ...(by ? { by: by.name } : {}),
        credential,
        requests: 0,
        refused: 0,
        first: record.at,
        last: record.at,
      };
      found.set(key, identity);
    }
    identity.requests++;
    if (outcomeOf(record) === 'refused') identity.refused++;
    identity.first = Math.min(identity.first, record.at);
    identity.last = Math.max(identity.last, record.at);
  }
  return [...found.values()].sort((a, b) => b.last - a.last);
}

/** Who has been here, and what he showed. */
export function identitiesView(context: Context): View {
  const { records } = context;
  const search = h('input', {
    id: 'who',
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'name, group or credential',
    oninput: show,
  });
  const body = h('tbody');
  const table = h(
    'table',
    { class: 'grid' },
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        ['User', 'Recognised by', 'Ends', 'Requests', 'Last seen'].map((text) =>
          h('th', { scope: 'col' }, text),
        ),
      ),
    ),
    body,
  );
  const empty = h('p', { class: 'empty' });
  const place = h('div', { class: 'scroll' }, table);
  const element = h(
    'div',
    { class: 'page' },
    h('h1', null, 'Identities'),
    h(
      'p',
      { class: 'lead' },
      'Whom the first door has recognised among the requests that are kept, and by what.',
    ),
    h(
      'search',
      { class: 'filters' },
      h('div', { class: 'field wide' }, h('label', { for: 'who' }, 'Find'), search),
    ),
    place,
    empty,
  );

  function show(): void {
    if (records.connection === 'denied' && records.fault) {
      fill(element, missingRights(context.session, records.fault, 'who has been here'));
      return;
    }
    const sought = search.value.trim().toLowerCase();
    const all = identitiesOf(records.items);
    const shown = all.filter((identity) => textOf(identity).includes(sought));
    fill(
      body,
      shown.map((identity) => row(identity, context)),
    );
    table.hidden = shown.length === 0;
    empty.hidden = shown.length > 0;
    fill(
      empty,
      records.connection === 'connecting'
        ? 'Loading…'
        : all.length
          ? 'Nobody fits.'
          : 'Nobody has been here yet, but the console.',
    );
  }
  show();
  return {
    title: 'Identities',
    element,
    key: (key) => {
      if (key !== '/') return false;
      search.focus();
      return true;
    },
    dispose: records.onChange(show),
  };
}

const textOf = ({ user, by, credential }: Identity): string =>
  `${user.name} ${user.groups.join(' ')} ${by ?? ''} ${credentialKind(credential)} ${credential?.id ?? ''}`.toLowerCase();

function row({ user, by, credential, requests, refused, last }: Identity, context: Context): HTMLElement {
  const now = Date.now();
  return h(
    'tr',
    null,
    h(
      'th',
      { scope: 'row', 'data-label': 'User' },
      h(
        'a',
        {
          href: '#/',
          class: 'wrap',
          title: 'show the requests',
          onclick: () => {
            context.filter = { ...EVERYTHING, user: user.name };
          },
        },
        user.name,
      ),
      by ? h('span', { class: 'hint wrap' }, ` asked for by ${by}`) : null,
      h(
        'ul',
        { class: 'groups' },
        user.groups.map((group) => h('li', { class: 'chip' }, group)),
      ),
    ),
    h(
      'td',
      { 'data-label': 'Recognised by' },
      credentialKind(credential),
      credential?.id
        ? h('span', { class: 'mono small wrap block', title: credential.id }, short(credential.id))
        : null,
    ),
    h(
      'td',
      { 'data-label': 'Ends' },
      expiryCell(credential?.expires, now, { isToken: credential?.by !== 'x509' }),
    ),
    h(
      'td',
      { 'data-label': 'Requests' },
      h('span', { class: 'number' }, requests),
      refused ? h('span', { class: 'verdict refused' }, icon('refused'), `${refused} turned away`) : null,
    ),
    h(
      'td',
      { 'data-label': 'Last seen' },
      moment(last, clockTime(last)),
      h('span', { class: 'hint block' }, fromNow(last, now)),
    ),
  );
}

/** A long hash by its head: enough to compare. */
export const short = (id: string): string => id.replace(/([0-9a-f]{16})[0-9a-f]{17,}/g, '$1…');
