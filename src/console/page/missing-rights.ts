import { shellWord } from '../../explain/fixes/phrases.ts';
import type { ApiError } from './api.ts';
import { codeBlock } from './copy.ts';
import { h } from './dom.ts';
import { icon } from './icons.ts';
import type { Session, User } from './session.ts';

/** What somebody lacks to see something, and how to get it. */
export function missingRights({ user }: Session, fault: ApiError, what: string): HTMLElement {
  return h(
    'section',
    { class: 'card missing' },
    h('h2', null, icon('refused'), `You may not see ${what}`),
    h(
      'p',
      null,
      'You are ',
      h('strong', null, user.name),
      user.groups.length ? ` (${user.groups.join(', ')})` : '',
      '. The server says:',
    ),
    h('blockquote', null, fault.message),
    h('p', null, 'Whoever administers it can let you look, and no more than that:'),
    codeBlock(grantText(user), 'Commands that grant the right'),
  );
}

/** A role for the console, and its binding to a user. */
export function grantText(user: User): string {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user.name);
  const subject = account
    ? `--serviceaccount=${shellWord(`${account[1]}:${account[2]}`)}`
    : `--user=${shellWord(user.name)}`;
  return [
    "kubectl create clusterrole sallyport-console --verb=get,post,delete --non-resource-url='/sallyport/v1/*'",
    `kubectl create clusterrolebinding sallyport-console-${nameOf(user.name)} --clusterrole=sallyport-console ${subject}`,
  ].join('\n');
}

const nameOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60) || 'user';
