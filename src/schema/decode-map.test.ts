import { describe, expect, it } from 'vitest';
import { decodeMap } from './decode-map.ts';
import { decodeStruct } from './decode-value.ts';
import { typeTable } from './type-table.ts';

const pod = typeTable.type('core/v1.Pod');

describe('maps into structs', () => {
  it('tells unknown fields sorted', () => {
    const decoded = decodeMap(
      { spec: { containers: [{ name: 'c', x: 1 }] }, metadata: { extra: 1 }, bogus: 1 },
      pod,
      true,
    );
    expect(decoded).toEqual({
      ok: true,
      value: { metadata: {}, spec: { containers: [{ name: 'c' }] } },
      strictErrors: [
        'unknown field "bogus"',
        'unknown field "metadata.extra"',
        'unknown field "spec.containers[0].x"',
      ],
    });
  });

  it.each([
    [{ spec: 'x' }, 'cannot restore struct from: string'],
    [{ spec: { containers: {} } }, 'cannot restore slice from map'],
    [{ metadata: { labels: [] } }, 'cannot restore map from slice'],
    [{ metadata: { name: 1 } }, 'cannot convert int64 to string'],
    [{ metadata: { name: {} } }, 'unrecognized type: string'],
    [{ spec: { priority: 'x' } }, 'unrecognized type: int32'],
    [{ spec: { priority: 1.5 } }, 'cannot convert float64 to int32'],
    [{ spec: { hostPID: 'x' } }, 'unrecognized type: bool'],
    [{ spec: { restartPolicy: 1 } }, 'cannot convert int64 to v1.RestartPolicy'],
    [
      { metadata: { creationTimestamp: 'x' } },
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
  ])('%j: %s', (value, error) => {
    expect(decodeMap(value, pod, true)).toEqual({ ok: false, error });
  });

  it('brings values into their canonical form, as JSON decoding does', () => {
    const value = () => ({
      spec: { overhead: { cpu: '1000m' }, priority: null },
      metadata: { creationTimestamp: '2024-01-01T01:00:00+01:00' },
    });
    const mapped = decodeMap(value(), pod, false);
    const parsed = decodeStruct(value(), pod, false);
    expect(mapped).toEqual(parsed);
  });
});

describe('the order of strict errors', () => {
  it('is that of sorted keys in the text of a patched object', () => {
    const decoded = decodeStruct({ metadata: { extra: 1 }, bogus: 1 }, pod, true, true);
    expect(decoded.ok && decoded.strictErrors).toEqual([
      'unknown field "bogus"',
      'unknown field "metadata.extra"',
    ]);
  });
});
