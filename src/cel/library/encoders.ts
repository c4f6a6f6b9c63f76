import { overload } from '../declarations.ts';
import { error } from '../errors.ts';
import type { Library } from '../library.ts';
import { BYTES, STRING } from '../types.ts';
import type { CelValue } from '../values.ts';

/** Standard base64, with or without padding; newlines are passed over. */
function decode(text: string): CelValue {
  const plain = text.replace(/[\r\n]/g, '');
  const stripped = plain.replace(/={1,2}$/, '');
  const padded = plain.length !== stripped.length;
  const bad = stripped.search(/[^A-Za-z0-9+/]/);
  if (bad >= 0 || stripped.length % 4 === 1 || (padded && plain.length % 4 !== 0)) {
    return error(
      `illegal base64 data at input byte ${bad >= 0 ? bad : Math.min(plain.length, stripped.length)}`,
    );
  }
  return new Uint8Array(Buffer.from(stripped, 'base64'));
}

/** base64.encode() and base64.decode(). */
export const ENCODERS: Library = {
  name: 'cel.lib.ext.encoders',
  functions: [
    {
      name: 'base64.decode',
      overloads: [overload('base64_decode_string', [STRING], BYTES, (text) => decode(text as string))],
    },
    {
      name: 'base64.encode',
      overloads: [
        overload('base64_encode_bytes', [BYTES], STRING, (bytes) =>
          Buffer.from(bytes as Uint8Array).toString('base64'),
        ),
      ],
    },
  ],
};
