/** How a line of a tree went: beside its colour it has a symbol, for those who see no colours. */
export type Mark = 'good' | 'bad' | 'neutral' | 'hint';

/** A line of a tree and what hangs on it. */
export interface TreeNode {
  text: string;
  mark?: Mark;
  children?: readonly TreeNode[];
}

/** What a tree is drawn on. */
export interface Canvas {
  colours: boolean;
  /** Columns after which lines are broken; absent: never, for programs that read them. */
  width?: number;
}

export const PLAIN: Canvas = { colours: false };

const SYMBOLS: Readonly<Record<Mark, string>> = { good: '✓', bad: '✗', neutral: '·', hint: '→' };
/** ANSI: green, red, grey, yellow. */
const COLOURS: Readonly<Record<Mark, string>> = { good: '32', bad: '31', neutral: '90', hint: '33' };
const MIN_TEXT = 20;

/** The tree with its branches, ending with a line break. Names in it may be anybody's: what steers a terminal is taken out. */
export function drawTree(root: TreeNode, canvas: Canvas = PLAIN): string {
  const lines: string[] = [];
  draw(root, '', '', canvas, lines);
  return `${lines.join('\n')}\n`;
}

function draw(node: TreeNode, first: string, rest: string, canvas: Canvas, lines: string[]): void {
  const { mark, children = [] } = node;
  const symbol = mark ? `${SYMBOLS[mark]} ` : '';
  const below = children.length ? '│  ' : '   ';
  const hanging = `${rest}${children.length || rest ? below : '   '}`;
  const pieces = wrapped(printable(node.text), canvas.width, first.length + symbol.length, hanging.length);
  pieces.forEach((piece, i) => {
    const lead = i === 0 ? `${first}${painted(symbol, mark, canvas)}` : hanging;
    lines.push(`${lead}${mark === 'bad' || mark === 'hint' ? painted(piece, mark, canvas) : piece}`);
  });
  children.forEach((child, i) => {
    const isLast = i === children.length - 1;
    draw(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`, canvas, lines);
  });
}

const painted = (text: string, mark: Mark | undefined, { colours }: Canvas): string =>
  colours && mark && text !== '' ? `\u001b[${COLOURS[mark]}m${text}\u001b[0m` : text;

/** Breaks a text at blanks; a word that is longer than a line stands on one of its own, for it to be copied whole. */
function wrapped(text: string, width: number | undefined, firstIndent: number, indent: number): string[] {
  if (width === undefined) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const room = Math.max(MIN_TEXT, width - (lines.length ? indent : firstIndent));
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A text without what steers a terminal. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
  text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
