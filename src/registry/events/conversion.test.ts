import { describe, expect, it } from 'vitest';
import { eventFromCore, eventToCore, fillCoreEvent } from './conversion.ts';

const core = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'n' },
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'n' },
  related: { kind: 'Node', name: 'node' },
  reason: 'Started',
  message: 'Started it',
  source: { component: 'kubelet', host: 'node' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:01Z',
  count: 2,
  type: 'Normal',
  eventTime: null,
  reportingComponent: 'kubelet',
  reportingInstance: 'node',
};

describe('Event', () => {
  it('is the same thing by other names in events.k8s.io', () => {
    const event = eventFromCore(core);
    expect(event).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      regarding: core.involvedObject,
      related: core.related,
      note: 'Started it',
      deprecatedSource: core.source,
      deprecatedFirstTimestamp: core.firstTimestamp,
      deprecatedLastTimestamp: core.lastTimestamp,
      deprecatedCount: 2,
      reportingController: 'kubelet',
      reportingInstance: 'node',
    });
    expect(eventToCore(event)).toEqual(core);
  });

  it('shows what core/v1 always shows', () => {
    const bare = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' } };
    expect(fillCoreEvent(structuredClone(bare))).toMatchObject({
      involvedObject: {},
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    });
  });
});
