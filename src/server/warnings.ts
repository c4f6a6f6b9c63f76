/** kube-apiserver's bounds of what an answer's warnings may come to, in characters (filters/warning.go). */
const MOST_TOGETHER = 4096;
const MOST_OF_ONE = 256;

/**
 * The Warning headers of an answer. Once they are too long together each is cut short, and what comes after that is left
 * out; a text with control characters makes no header (endpoints/filters/warning.go, apimachinery pkg/util/net).
 */
export function warningHeaders(texts: readonly string[]): string[] {
  let written = 0;
  let cut = false;
  let headers: string[] = [];
  const add = (text: string, most: number): void => {
    const shown = [...text].slice(0, most).join('');
    const header = warningHeader(shown);
    if (header === undefined) return;
    written += [...shown].length;
    headers.push(header);
  };
  for (const [at, text] of texts.entries()) {
    if (cut && written >= MOST_TOGETHER) break;
    const length = [...text].length;
    if (cut || written + length <= MOST_TOGETHER) {
      add(text, cut ? MOST_OF_ONE : length);
      continue;
    }
    // From here on all are cut, those before too.
    cut = true;
    written = 0;
    headers = [];
    for (const earlier of texts.slice(0, at + 1)) add(earlier, MOST_OF_ONE);
  }
  return headers;
}

function warningHeader(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  if (text === '' || /[\x00-\x1f\x7f-\x9f]/.test(text)) return undefined;
  // Node writes each character of a header as one byte.
  return Buffer.from(`299 - "${text.replace(/[\\"]/g, '\\$&')}"`, 'utf8').toString('latin1');
}
