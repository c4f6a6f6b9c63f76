import { expect, test } from 'vitest';
import { DecisionRing } from '../explain/record.ts';
import { ApiRequest } from './api-request.ts';
import type { Exchange } from './exchange.ts';
import { RequestMetrics } from './request-metrics.ts';

function requestOf(path: string, query = '', method = 'GET'): ApiRequest {
  const headers: Record<string, string> = { 'user-agent': 'kubectl', 'audit-id': `id of ${path}` };
  const exchange = { method, path, query, remoteAddress: '::1', header: (name: string) => headers[name] };
  return new ApiRequest(exchange as unknown as Exchange, 1000, 0);
}

const allowed = { decision: 'allow', by: 'RBAC', code: 'RBAC_ALLOWED', facts: {}, reason: '' } as const;
const jane = { name: 'jane', groups: ['system:authenticated'] };

test('makes a record of what was noted, with nothing in it that did not happen', () => {
  const { record: note } = requestOf('/apis/apps/v1/namespaces/shop/deployments/web/scale');
  const request = {
    method: 'GET',
    path: '/apis/apps/v1/namespaces/shop/deployments/web/scale',
    verb: 'get',
    apiGroup: 'apps',
    apiVersion: 'v1',
    namespace: 'shop',
    resource: 'deployments',
    subresource: 'scale',
    name: 'web',
    remoteAddress: '::1',
    userAgent: 'kubectl',
  };
  const id = 'id of /apis/apps/v1/namespaces/shop/deployments/web/scale';
  expect(note.record()).toEqual({ id, at: 1000, request });
  note.authenticated([], 12, jane);
  note.authorized({ decision: 'allow', reason: '', asked: [allowed] }, 3);
  note.status = 200;
  note.micros = 0;
  expect(note.record()).toEqual({
    id,
    at: 1000,
    request,
    authentication: { micros: 12, asked: [], user: jane },
    authorization: { micros: 3, decision: 'allow', asked: [allowed] },
    status: 200,
    micros: 0,
  });
});

test('keeps what a query made of the verb and the name', () => {
  const { record } = requestOf('/api/v1/pods', 'watch=1&fieldSelector=metadata.name%3Dweb');
  expect(record.record().request).toMatchObject({ verb: 'watch', name: 'web', path: '/api/v1/pods' });
});

test('shows the newest of a ring first, and keeps none where none are to be kept', () => {
  const ring = new DecisionRing(2);
  for (const name of ['a', 'b', 'c']) ring.add(requestOf(`/${name}`).record);
  expect(ring.list().map(({ request }) => request.path)).toEqual(['/c', '/b']);
  expect(ring.list(1).map(({ request }) => request.path)).toEqual(['/c']);
  expect(ring.list(2, ({ request }) => request.path !== '/c')).toHaveLength(1);
  expect(ring.get('id of /b')?.request.path).toBe('/b');
  expect(ring.get('id of /a')).toBeUndefined();
  const none = new DecisionRing(0);
  none.add(requestOf('/a').record);
  expect(none.list()).toEqual([]);
});

test('keeps refused requests longer than others', () => {
  const ring = new DecisionRing(502);
  const answered = (name: string, status: number): void => {
    const { record } = requestOf(`/${name}`);
    ring.add(record);
    record.status = status;
    ring.finished(record);
  };
  for (const name of ['forbidden', 'unknown', 'forbidden-too'])
    answered(name, name === 'unknown' ? 401 : 403);
  answered('fine', 200);
  for (let i = 0; i < 499; i++) answered(`later-${i}`, 200);
  expect(ring.list(3).map(({ request }) => request.path)).toEqual(['/later-498', '/later-497', '/later-496']);
  expect(
    ring
      .list()
      .slice(-3)
      .map(({ request }) => request.path),
  ).toEqual(['/fine', '/forbidden-too', '/unknown']);
  expect(ring.list()).toHaveLength(502);
  expect(ring.get('id of /unknown')?.status).toBe(401);
  expect(ring.get('id of /forbidden')).toBeUndefined();
});

test('counts requests by what they ask for, who asks and what is decided', () => {
  const metrics = new RequestMetrics();
  const request = requestOf('/api/v1/namespaces/shop/pods/web');
  request.record.authenticated([], 0, jane);
  request.record.authorized({ decision: 'allow', reason: '', asked: [allowed] }, 0);
  request.record.status = 200;
  metrics.observe(request, 1500);
  metrics.observe(request, 3000);
  metrics.observe(requestOf('/api/v1/pods', 'watch=true'), 1);
  const lines = metrics.text([]).split('\n');
  const pod =
    'verb="GET",group="",version="v1",resource="pods",subresource="",scope="resource",component="apiserver",dry_run=""';
  expect(lines).toContain(`apiserver_request_total{${pod},code="200"} 2`);
  expect(lines).toContain(`apiserver_request_duration_seconds_bucket{${pod},le="0.0025"} 1`);
  expect(lines).toContain(`apiserver_request_duration_seconds_count{${pod}} 2`);
  expect(lines.filter((line) => line.includes('"WATCH"') && line.includes('duration'))).toEqual([]);
  expect(lines).toContain('authenticated_user_requests{username="other"} 2');
  expect(lines).toContain('authentication_attempts{result="failure"} 1');
  expect(lines).toContain('apiserver_authorization_decisions_total{type="RBAC",decision="allowed"} 2');
});
