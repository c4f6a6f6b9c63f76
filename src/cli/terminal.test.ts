import { describe, expect, it } from 'vitest';
import { canvasOf } from './terminal.ts';

describe('canvasOf', () => {
  it('has colours on a terminal alone, and not against the wish of its user', () => {
    const tty = { isTTY: true, columns: 80 };
    expect(canvasOf(tty, {})).toEqual({ colours: true, width: 80 });
    expect(canvasOf(tty, { NO_COLOR: '1' })).toEqual({ colours: false, width: 80 });
    expect(canvasOf(tty, { NO_COLOR: '' })).toEqual({ colours: true, width: 80 });
    expect(canvasOf(tty, { TERM: 'dumb' })).toEqual({ colours: false, width: 80 });
    expect(canvasOf({}, {})).toEqual({ colours: false });
  });
});
