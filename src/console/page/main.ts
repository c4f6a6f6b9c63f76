import { ApiError } from './api.ts';
import { fill, h } from './dom.ts';
import { loginView } from './login-view.ts';
import { again, byLink, byToken, forget, type Session, takeLink } from './session.ts';
import { shell } from './shell.ts';
import { theme, useTheme } from './theme.ts';

const root = document.getElementById('app')!;
let close: (() => void) | undefined;

useTheme(theme());
void start();

async function start(): Promise<void> {
  const secret = takeLink();
  fill(root, h('p', { class: 'starting', role: 'status' }, 'Opening the gate…'));
  try {
    const session = secret === undefined ? await again(over) : await byLink(secret, over);
    if (session) enter(session);
    else ask();
  } catch (error) {
    ask(secret === undefined ? wordsOf(error) : linkWords(error));
  }
}

/** A link pasted into the address of an open page is a way in too. */
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#login=')) void start();
});

function enter(session: Session): void {
  close?.();
  close = shell(root, session, () => {
    close?.();
    close = undefined;
    ask();
  });
}

function ask(fault?: string): void {
  const signIn = async (token: string): Promise<string | undefined> => {
    try {
      enter(await byToken(token, over));
      return undefined;
    } catch (error) {
      return wordsOf(error);
    }
  };
  fill(root, loginView(signIn, fault));
}

/** The server does not know this session any more. */
function over(): void {
  close?.();
  close = undefined;
  forget();
  ask('Your session has ended. Sign in again.');
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401)
    return 'Nobody here knows this token. It may have expired, be meant for another server, or not be whole.';
  return error.message;
}

function linkWords(error: unknown): string {
  if (error instanceof ApiError && error.status === 401)
    return 'This link does not open the console any more: it has been used, or has expired. Get another by the command below.';
  return wordsOf(error);
}
