import { describe, expect, it } from 'vitest';
import { YamlPlaces } from './yaml-places.ts';

const places = new YamlPlaces(`kind: X
jwt:
- issuer:
    url: https://idp.example
  rules:
  - expression: 'claims.a == b'
  - expression: |
      claims.a ==
        b
`);

describe('YamlPlaces', () => {
  it('finds values, names, and what is above a field that is not there', () => {
    expect(places.at('jwt[0].issuer.url')).toEqual({ line: 4, column: 10 });
    expect(places.nameAt('jwt[0].issuer.url')).toEqual({ line: 4, column: 5 });
    expect(places.at('jwt[0].issuer.audiences')).toEqual({ line: 4, column: 5 });
    expect(places.at('jwt[3].issuer')).toEqual({ line: 3, column: 1 });
    expect(places.has('jwt[0].issuer.audiences')).toBe(false);
  });

  it('finds places within texts', () => {
    expect(places.within('jwt[0].rules[0].expression', 1, 13)).toEqual({ line: 6, column: 30 });
    expect(places.within('jwt[0].rules[1].expression', 2, 3)).toEqual({ line: 9, column: 9 });
    expect(places.within('jwt[0].issuer', 1, 1)).toBeUndefined();
  });

  it('says what is no YAML, and where', () => {
    expect(new YamlPlaces('a: [1\nb: 2\n').syntaxFault?.place.line).toBe(2);
    expect(new YamlPlaces('a: 1').syntaxFault).toBeUndefined();
  });
});
