/** Whether a text is one mail address, bare or with a name before it in angle brackets (RFC 5322 section 3.4, as Go's net/mail reads it). */
export function isEmailAddress(text: string): boolean {
  const reader = new AddressReader(text);
  return reader.mailbox() && reader.atEnd();
}

const ATOM = /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]|[\u{80}-\u{10ffff}]/u;

class AddressReader {
  readonly #text: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = [...text];
  }

  atEnd(): boolean {
    this.#blanks();
    return this.#at === this.#text.length;
  }

  mailbox(): boolean {
    this.#blanks();
    const start = this.#at;
    if (this.#addressSpec()) return true;
    this.#at = start;
    if (this.#peek() !== '<') {
      if (!this.#phrase()) return false;
      this.#blanks();
    }
    if (this.#peek() !== '<') return false;
    this.#at++;
    this.#blanks();
    if (!this.#addressSpec()) return false;
    this.#blanks();
    return this.#text[this.#at++] === '>';
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #blanks(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t') this.#at++;
  }

  #addressSpec(): boolean {
    const local = this.#peek() === '"' ? this.#quoted() : this.#dotAtom();
    if (!local || this.#peek() !== '@') return false;
    this.#at++;
    return this.#peek() === '[' ? this.#literal() : this.#dotAtom();
  }

  #dotAtom(): boolean {
    const start = this.#at;
    while (this.#peek() === '.' || (this.#peek() !== undefined && ATOM.test(this.#peek()!))) this.#at++;
    const atom = this.#text.slice(start, this.#at).join('');
    return atom !== '' && !atom.startsWith('.') && !atom.endsWith('.') && !atom.includes('..');
  }

  /** A quoted string; empty ones are no local part. */
  #quoted(): boolean {
    const start = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#peek()!;
      if (char === '\\') this.#at++;
      else if (char === '"') return this.#at++ > start;
      else if (char < ' ' && char !== '\t') return false;
    }
    return false;
  }

  #literal(): boolean {
    const end = this.#text.indexOf(']', this.#at);
    if (end < 0) return false;
    const inner = this.#text.slice(this.#at + 1, end).join('');
    this.#at = end + 1;
    return inner !== '' && !/[[\\\s]/.test(inner);
  }

  #phrase(): boolean {
    let words = 0;
    for (;;) {
      this.#blanks();
      const char = this.#peek();
      if (char === '"') {
        if (!this.#quoted()) return false;
      } else if (char !== undefined && (ATOM.test(char) || (words > 0 && char === '.'))) {
        while (this.#peek() !== undefined && (ATOM.test(this.#peek()!) || this.#peek() === '.')) this.#at++;
      } else return words > 0;
      words++;
    }
  }
}
