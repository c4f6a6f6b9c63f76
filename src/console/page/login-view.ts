import { codeBlock } from './copy.ts';
import { fill, h } from './dom.ts';
import { icon } from './icons.ts';

/** Ways in: a link from the command line, or a token of one's own. `signIn` resolves to what went wrong. */
export function loginView(
  signIn: (token: string) => Promise<string | undefined>,
  fault?: string,
): HTMLElement {
  const told = h('div', { role: 'alert' });
  const tell = (text: string | undefined): void =>
    fill(told, text ? h('p', { class: 'notice refused' }, icon('refused'), h('span', null, text)) : null);
  tell(fault);
  const field = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    class: 'mono',
    placeholder: 'eyJhbGciOi…',
  });
  const button = h('button', { type: 'submit', class: 'button primary' }, 'Sign in');
  const form = h(
    'form',
    {
      class: 'login-form',
      onsubmit: async (event: Event) => {
        event.preventDefault();
        const token = field.value.trim().replace(/^bearer\s+/i, '');
        if (token === '') {
          tell('Paste a token first.');
          field.focus();
          return;
        }
        if (/[^\x21-\x7e]/.test(token)) {
          tell('A token is one word, without blanks.');
          return;
        }
        button.disabled = true;
        tell(undefined);
        const wrong = await signIn(token);
        button.disabled = false;
        tell(wrong);
        if (wrong) field.select();
      },
    },
    h('label', { for: 'token' }, 'Bearer token'),
    h('div', { class: 'login-row' }, field, button),
    h(
      'p',
      { class: 'hint' },
      'It stays in the memory of this page: reload, and it is gone. ',
      h('code', null, 'kubectl create token NAME'),
      ' makes one for a ServiceAccount.',
    ),
  );
  return h(
    'main',
    { class: 'login', id: 'main' },
    h('div', { class: 'brand big' }, icon('gate'), h('h1', null, 'Sallyport console')),
    h('p', { class: 'lead' }, 'See each request pass the doors, and why one was turned away.'),
    told,
    h(
      'section',
      { class: 'card' },
      h('h2', null, 'By a link'),
      h('p', null, 'This command prints one that opens the console once, as the user of your kubeconfig:'),
      codeBlock('sallyport console', 'Command for a link'),
      h('p', { class: 'hint' }, 'sallyport up prints one at each start.'),
    ),
    h('section', { class: 'card' }, h('h2', null, 'By a token'), form),
  );
}
