import { describe, expect, it } from 'vitest';
import { RevocationLists } from '../authentication/revocation/revocation-lists.ts';
import { silentLog } from './log.ts';
import { StaleLists } from './stale-lists.ts';

const DAY = 86_400_000;

describe('revocation lists that run out', () => {
  it('are told of once: a day before, and when it has happened', () => {
    let now = 0;
    const said: string[] = [];
    const log = {
      ...silentLog,
      warn: (_: object, text: string) => said.push(`W ${text}`),
      error: (_: object, text: string) => said.push(`E ${text}`),
    };
    const list = {
      issuer: 'CN=ca',
      digest: 'd',
      thisUpdate: 0,
      nextUpdate: 7 * DAY,
      rawIssuer: Buffer.from(''),
    };
    const lists = new RevocationLists([list as never], 'refuse');
    const stale = new StaleLists({ current: () => lists }, 'refuse', {
      clock: { now: () => now } as never,
      log,
    });
    stale.look();
    expect(said).toEqual([]);
    now = 6.5 * DAY;
    stale.look();
    stale.look();
    expect(said).toEqual(['W a revocation list runs out within a day']);
    now = 7 * DAY + 1;
    stale.look();
    stale.look();
    expect(said.slice(1)).toEqual([expect.stringMatching(/^E .*are refused until/)]);
  });
});
