import { h } from './dom.ts';
import { icon } from './icons.ts';

/** A button that puts a text onto the clipboard, and says so. */
export function copyButton(text: () => string, label = 'Copy'): HTMLButtonElement {
  const words = h('span', null, label);
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button small',
      onclick: async () => {
        let said = 'Copied';
        try {
          await navigator.clipboard.writeText(text());
        } catch {
          said = 'Not allowed: select and copy it';
        }
        words.textContent = said;
        setTimeout(() => {
          words.textContent = label;
        }, 1600);
      },
    },
    icon('copy'),
    words,
  );
  words.setAttribute('aria-live', 'polite');
  return button;
}

/** A text in a box of its own, to be copied. */
export const codeBlock = (text: string, label?: string): HTMLElement =>
  h(
    'div',
    { class: 'code-block' },
    h('pre', { tabindex: '0', 'aria-label': label }, h('code', null, text)),
    copyButton(() => text),
  );
