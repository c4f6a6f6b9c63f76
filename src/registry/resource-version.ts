import { quote } from '../meta/go-quote.ts';
import { unknownError } from '../meta/status.ts';

/** A resourceVersion as a number; 0 where absent. Anything else is the 500 that Go's parser causes. */
export function parseVersion(text: string | undefined): bigint {
  if (text === undefined || text === '') return 0n;
  if (!/^\d+$/.test(text)) throw unknownError(`strconv.ParseUint: parsing ${quote(text)}: invalid syntax`);
  const value = BigInt(text);
  if (value > 0xffffffffffffffffn)
    throw unknownError(`strconv.ParseUint: parsing ${quote(text)}: value out of range`);
  return value;
}
