import type { KubeObject } from '../../meta/object.ts';

/** Field of events.k8s.io/v1 → field of core/v1, which is what the store keeps (pkg/apis/events/v1/conversion.go). */
const RENAMED: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const BACK = Object.fromEntries(Object.entries(RENAMED).map(([v1, core]) => [core, v1]));

/** An Event of events.k8s.io/v1 as core/v1 writes it. The value shares its parts with the one given. */
export function eventToCore(event: KubeObject): KubeObject {
  return fillCoreEvent(rename(event, RENAMED, 'v1'));
}

/** An Event of core/v1 as events.k8s.io/v1 writes it. */
export function eventFromCore(event: KubeObject): KubeObject {
  const out = rename(event, BACK, 'events.k8s.io/v1');
  if (out['reportingController'] === '') delete out['reportingController'];
  if (out['reportingInstance'] === '') delete out['reportingInstance'];
  out['eventTime'] ??= null;
  out['regarding'] ??= {};
  out['deprecatedSource'] ??= {};
  out['deprecatedFirstTimestamp'] ??= null;
  out['deprecatedLastTimestamp'] ??= null;
  return out;
}

/** Fields that core/v1 always writes, empty or not; in place. */
export function fillCoreEvent(event: KubeObject): KubeObject {
  event['involvedObject'] ??= {};
  event['source'] ??= {};
  event['firstTimestamp'] ??= null;
  event['lastTimestamp'] ??= null;
  event['eventTime'] ??= null;
  event['reportingComponent'] ??= '';
  event['reportingInstance'] ??= '';
  return event;
}

function rename(event: KubeObject, names: Readonly<Record<string, string>>, apiVersion: string): KubeObject {
  const out: KubeObject = { metadata: event.metadata };
  for (const [name, value] of Object.entries(event)) out[names[name] ?? name] = value;
  out.apiVersion = apiVersion;
  out.kind = 'Event';
  return out;
}
