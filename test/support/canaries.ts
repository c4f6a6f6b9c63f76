import { randomBytes } from 'node:crypto';

/** So much of a secret in a row is a leak. */
const WINDOW = 12;

/** Secrets that nobody but their owners may see again, and the search for them in what a server gave out. */
export class Canaries {
  readonly #windows = new Map<string, string>();
  readonly #names = new Set<string>();

  /** Remembers a secret, and the forms it may travel in; gives it back. */
  keep(name: string, secret: string): string {
    this.#names.add(name);
    const forms = [secret];
    if (!secret.includes('\n')) {
      const bytes = Buffer.from(secret);
      forms.push(bytes.toString('hex'));
      // The encoding of a piece depends on where in three bytes it begins.
      for (const shift of [0, 1, 2]) forms.push(bytes.subarray(shift).toString('base64'));
    }
    for (const form of forms)
      for (let i = 0; i + WINDOW <= form.length; i++) this.#windows.set(form.slice(i, i + WINDOW), name);
    return secret;
  }

  /** A new secret of letters and digits. */
  make(name: string): string {
    return this.keep(name, randomBytes(16).toString('hex'));
  }

  /** A JWT: what is secret of it is its signature, and what gives it away its claims. */
  jwt(name: string, token: string): string {
    const [, claims = '', signature = ''] = token.split('.');
    this.#names.add(name);
    for (const part of [claims, signature])
      for (let i = 0; i + WINDOW <= part.length; i++) this.#windows.set(part.slice(i, i + WINDOW), name);
    return token;
  }

  /** A PEM private key, by its lines after the first, which begins alike in all keys. */
  pem(name: string, text: string): string {
    for (const line of text.split('\n').slice(2)) if (!line.startsWith('-----')) this.keep(name, line);
    return text;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Which secrets stand in a text, whole or in part, and after what. */
  leaks(text: string): string[] {
    const found = new Map<string, string>();
    for (let i = 0; i + WINDOW <= text.length; i++) {
      const name = this.#windows.get(text.slice(i, i + WINDOW));
      if (name !== undefined && !found.has(name)) found.set(name, text.slice(Math.max(0, i - 120), i));
    }
    return [...found].map(([name, before]) => `${name}, after: ${before}`);
  }
}
