import type { ExplainedDecision } from '../../explain/tree.ts';
import { ApiError } from './api.ts';
import { copyButton } from './copy.ts';
import { fill, h } from './dom.ts';
import { matches } from './filter.ts';
import { icon } from './icons.ts';
import { missingRights } from './missing-rights.ts';
import { OUTCOMES, outcomeOf, subjectOf } from './passage.ts';
import { decisionTree, remedies } from './request-tree.ts';
import { clockTime, moment, took } from './times.ts';
import { address, type Context, type View } from './view.ts';

/** One request by its Audit-Id: its way through the doors, what came near, and what would help. */
export function requestView(context: Context, id: string): View {
  const { session, records } = context;
  const element = h(
    'div',
    { class: 'request-view' },
    h('p', { class: 'loading', role: 'status' }, 'Loading…'),
  );
  const link = (): string => `${location.origin}/console${address('requests', id)}`;
  const go = (step: number): void => {
    const list = records.items.filter((record) => matches(record, context.filter));
    const at = list.findIndex((record) => record.id === id);
    const next = at < 0 ? undefined : list[at + step];
    if (next) location.hash = address('requests', next.id);
  };
  session.api.get<ExplainedDecision>(`/sallyport/v1/decisions/${encodeURIComponent(id)}?whyNot=true`).then(
    (decision) => fill(element, page(decision, link, go)),
    (error: unknown) => fill(element, trouble(context, id, error)),
  );
  return {
    title: 'Request',
    element,
    key(key) {
      if (key === '[') go(-1);
      else if (key === ']') go(1);
      else if (key === 'u' || key === 'Escape') location.hash = '#/';
      else if (key === 'c') element.querySelector<HTMLElement>('.copy-link')?.click();
      else return false;
      return true;
    },
  };
}

function page(decision: ExplainedDecision, link: () => string, go: (step: number) => void): HTMLElement[] {
  const outcome = outcomeOf(decision);
  const { verb, what } = subjectOf(decision);
  const { request } = decision;
  const copyLink = copyButton(link, 'Copy link');
  copyLink.classList.add('copy-link');
  const facts: [string, Node | string][] = [
    [
      'At',
      h(
        'span',
        null,
        moment(decision.at, clockTime(decision.at)),
        ` · ${new Date(decision.at).toISOString().slice(0, 10)}`,
      ),
    ],
    ['Asked', h('code', { class: 'wrap' }, `${request.method} ${request.path}`)],
    ['From', request.remoteAddress || 'this server itself'],
    ['By', request.userAgent || 'a client that does not say'],
    ['Audit-Id', h('code', { class: 'wrap' }, decision.id)],
    ['Took', decision.micros === undefined ? 'not ended yet' : took(decision.micros)],
  ];
  return [
    h(
      'nav',
      { class: 'crumbs', 'aria-label': 'This request' },
      h('a', { href: '#/' }, '← All requests'),
      h('span', { class: 'grow' }),
      h(
        'button',
        { type: 'button', class: 'button small', title: 'Newer ([)', onclick: () => go(-1) },
        'Newer',
      ),
      h(
        'button',
        { type: 'button', class: 'button small', title: 'Older (])', onclick: () => go(1) },
        'Older',
      ),
      copyLink,
    ),
    h(
      'header',
      { class: `request-head ${outcome}` },
      h('p', { class: `verdict big ${outcome}` }, icon(outcome), OUTCOMES[outcome], statusText(decision)),
      h('h1', null, h('strong', null, verb), ' ', what),
      h(
        'dl',
        { class: 'request-facts' },
        facts.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))),
      ),
    ),
    ...remedies(decision),
    decisionTree(decision),
    h(
      'details',
      { class: 'raw' },
      h('summary', null, 'The record as JSON'),
      h(
        'div',
        { class: 'code-block' },
        h('pre', { tabindex: '0' }, h('code', null, JSON.stringify(decision, null, 2))),
        copyButton(() => JSON.stringify(decision, null, 2)),
      ),
    ),
  ];
}

const statusText = ({ status }: ExplainedDecision): HTMLElement =>
  h('span', { class: 'status-chip mono' }, status === undefined ? 'no answer yet' : `HTTP ${status}`);

function trouble({ session }: Context, id: string, error: unknown): HTMLElement {
  if (error instanceof ApiError && error.status === 403)
    return missingRights(session, error, 'requests and what the doors said of them');
  if (error instanceof ApiError && error.status === 404)
    return h(
      'section',
      { class: 'card missing' },
      h('h2', null, icon('unreached'), 'This request is not kept any more'),
      h('p', null, 'The server has no record of ', h('code', { class: 'wrap' }, id), '.'),
      h(
        'p',
        { class: 'hint' },
        'It keeps the last requests in memory, as many as --decision-records says, and forgets them when it stops. Behind several servers, another one may have answered it.',
      ),
      h('p', null, h('a', { href: '#/' }, 'To the requests that are kept')),
    );
  return h(
    'p',
    { class: 'notice failed', role: 'alert' },
    icon('failed'),
    h('span', null, (error as Error).message),
  );
}
