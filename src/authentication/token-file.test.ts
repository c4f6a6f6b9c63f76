import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';
import { parseTokenFile, TokenFileAuthenticator } from './token-file.ts';

const FILE = [
  'tok-plain,jane,uid-1',
  '"tok,comma",lee,uid-4,"a"',
  '"tok-quoted","quoted ""name""","uid 5","g 1, g2"',
  '# a comment,is,a token',
  '',
  'tok-emptygroups,mia,uid-6,',
  'tok-five,noa,uid-7,g1,g2,g3',
  'tok-dup,first,uid-8,one',
  'tok-dup,second,uid-9,two',
  ',ghost,uid-10,system:masters',
  'tok-emptyuid,olga,',
  ' tok-lead,rob,uid-16,g',
  'tok-rep,tom,uid-20,"b,a,b,,c"',
].join('\n');

describe('a token file', () => {
  const table = parseTokenFile(FILE, 't.csv');
  const authenticator = new TokenFileAuthenticator({ current: () => table });
  const userOf = (token: string) => {
    const verdict = authenticator.authenticateToken(token);
    return verdict.verdict === 'authenticated' ? verdict.user : undefined;
  };

  it.each([
    ['tok-plain', { name: 'jane', uid: 'uid-1', groups: [] }],
    ['tok,comma', { name: 'lee', uid: 'uid-4', groups: ['a'] }],
    ['tok-quoted', { name: 'quoted "name"', uid: 'uid 5', groups: ['g 1', ' g2'] }],
    ['# a comment', { name: 'is', uid: 'a token', groups: [] }],
    ['tok-emptygroups', { name: 'mia', uid: 'uid-6', groups: [''] }],
    ['tok-five', { name: 'noa', uid: 'uid-7', groups: ['g1'] }],
    ['tok-dup', { name: 'second', uid: 'uid-9', groups: ['two'] }],
    ['tok-emptyuid', { name: 'olga', groups: [] }],
    [' tok-lead', { name: 'rob', uid: 'uid-16', groups: ['g'] }],
    ['tok-rep', { name: 'tom', uid: 'uid-20', groups: ['b', 'a', 'b', '', 'c'] }],
  ])('knows %j', (token, user) => {
    expect(userOf(token)).toEqual(user);
  });

  it.each(['', 'tok-lead', 'TOK-PLAIN', 'tok-plai', 'nope'])('does not know %j', (token) => {
    expect(userOf(token)).toBeUndefined();
  });

  it('is refused with a line too short, in the words of kube-apiserver', () => {
    expect(() => parseTokenFile('a,b', 'x.csv')).toThrow(
      "token file 'x.csv' must have at least 3 columns (token, user name, user uid), found 2",
    );
  });

  it('keeps no token', () => {
    expect(JSON.stringify(table)).not.toContain('tok-plain');
  });
});

describe("CSV as Go's reader takes it", () => {
  it.each([
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['\n\n a , b \n', [[' a ', ' b ']]],
    ['"a\nb","c"\n', [['a\nb', 'c']]],
    ['"a\r\nb"', [['a\nb']]],
    ['"",x,', [['', 'x', '']]],
    ['a,b\r', [['a', 'b']]],
    ['"a""","""b"', [['a"', '"b']]],
    ['', []],
  ])('%j', (text, records) => {
    expect(parseCsv(text)).toEqual(records);
  });

  it.each([
    ['a"b,c', 'parse error on line 1, column 2: bare " in non-quoted-field'],
    ['x\n"a"b,c', 'parse error on line 2, column 3: extraneous or missing " in quoted-field'],
    ['"a\nb', 'record on line 1; parse error on line 2, column 2: extraneous or missing " in quoted-field'],
  ])('refuses %j', (text, words) => {
    expect(() => parseCsv(text)).toThrow(words);
  });
});
