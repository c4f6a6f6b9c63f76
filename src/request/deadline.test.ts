import { describe, expect, it } from 'vitest';
import { deadlineFault } from './deadline.ts';
import { requestInfo } from './request-info.ts';

const fault = (path: string, query: string) => {
  const parameters = new URLSearchParams(query);
  return deadlineFault(requestInfo('GET', path, parameters), parameters.get('timeout'))?.message;
};

describe('the deadline a request asks for', () => {
  it('is refused where it is no duration', () => {
    expect(fault('/api/v1/pods', 'timeout=soon')).toBe(
      'invalid timeout specified in the request URL - time: invalid duration "soon"',
    );
    expect(fault('/version', 'timeout=5')).toBe(
      'invalid timeout specified in the request URL - time: missing unit in duration "5"',
    );
  });

  it('is taken where it is one, or absent', () => {
    for (const query of ['', 'timeout=', 'timeout=0', 'timeout=32s', 'timeout=-1m'])
      expect(fault('/api/v1/pods', query)).toBeUndefined();
  });

  it('is not looked at by requests that run on', () => {
    expect(fault('/api/v1/pods', 'watch=1&timeout=soon')).toBeUndefined();
    expect(fault('/api/v1/namespaces/a/pods/b/log', 'timeout=soon')).toBeUndefined();
  });
});
