import type { Scanner } from './scanner.ts';

/** A tag: `!<uri>`, `!suffix`, `!!suffix` or `!name!suffix`. */
export function scanTag(scanner: Scanner): { handle: string; text: string } {
  const start = scanner.mark();
  let tag: { handle: string; text: string };
  if (scanner.char(1) === '<') {
    scanner.skip();
    scanner.skip();
    const uri = scanUri(scanner, start);
    if (scanner.char() !== '>') throw scanner.fault("did not find the expected '>'", start);
    scanner.skip();
    tag = { handle: '', text: uri };
  } else {
    const from = scanner.index;
    scanner.skip();
    while (/[0-9A-Za-z_-]/.test(scanner.char())) scanner.skip();
    if (scanner.char() === '!') {
      scanner.skip();
      tag = { handle: scanner.text.slice(from, scanner.index), text: scanUri(scanner, start) };
    } else {
      const word = scanner.text.slice(from + 1, scanner.index);
      const rest = word + scanUri(scanner, start, word !== '' || scanner.isBlankOrEnd());
      tag = rest === '' ? { handle: '', text: '!' } : { handle: '!', text: rest };
    }
  }
  if (!scanner.isBlankOrEnd()) throw scanner.fault('did not find expected whitespace or line break', start);
  return tag;
}

function scanUri(scanner: Scanner, start: ReturnType<Scanner['mark']>, mayBeEmpty = false): string {
  const from = scanner.index;
  while (/[0-9A-Za-z_\-;/?:@&=+$,.!~*'()[\]%]/.test(scanner.char())) scanner.skip();
  const uri = scanner.text.slice(from, scanner.index);
  if (uri === '' && !mayBeEmpty) throw scanner.fault('did not find expected tag URI', start);
  try {
    return decodeURIComponent(uri);
  } catch {
    throw scanner.fault('did not find URI escaped octet', start);
  }
}
