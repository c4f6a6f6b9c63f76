import { describe, expect, it } from 'vitest';
import type { RequestInfo } from '../request/request-info.ts';
import { requestAttributes } from './attributes.ts';

const info = (selectors: Partial<RequestInfo>): RequestInfo => ({
  isResourceRequest: true,
  path: '/api/v1/pods',
  verb: 'list',
  apiPrefix: 'api',
  apiGroup: '',
  apiVersion: 'v1',
  namespace: '',
  resource: 'pods',
  subresource: '',
  name: '',
  parts: ['pods'],
  fieldSelector: '',
  labelSelector: '',
  ...selectors,
});
const user = { name: 'u', groups: [] };

describe('requestAttributes', () => {
  it('carries selectors by their terms, copies of it too', () => {
    const attributes = requestAttributes(
      info({ fieldSelector: 'spec.nodeName=n1', labelSelector: 'a in (c,b),!d' }),
      user,
    );
    for (const one of [attributes, { ...attributes, verb: 'watch' }]) {
      expect(one.fieldSelector).toEqual({
        requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }],
      });
      expect(one.labelSelector?.requirements).toEqual([
        { key: 'a', operator: 'In', values: ['b', 'c'] },
        { key: 'd', operator: 'DoesNotExist', values: [] },
      ]);
      expect(one.resource).toBe('pods');
    }
  });

  it('says of a selector that is none why', () => {
    expect(requestAttributes(info({ labelSelector: 'a in' }), user).labelSelector).toMatchObject({
      requirements: [],
      error: expect.stringContaining('unable to parse requirement'),
    });
    expect(requestAttributes(info({ fieldSelector: ',' }), user).fieldSelector).toBeUndefined();
    expect(requestAttributes(info({}), user).fieldSelector).toBeUndefined();
  });
});
