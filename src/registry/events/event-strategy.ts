import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid, required } from '../../meta/field-error.ts';
import { dns1123SubdomainFaults, pathSegmentFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { immutable, qualifiedName } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { since } from '../table-cells.ts';
import { fillCoreEvent } from './conversion.ts';

/** How long an Event is kept: kube-apiserver's default of --event-ttl. */
export const EVENT_TTL_SECONDS = 3600;

const isZero = (time: unknown) => time === undefined || time === null || time === '0001-01-01T00:00:00Z';

const atMost = (text: string | undefined, limit: number, path: string): FieldError[] =>
  (text?.length ?? 0) > limit ? [invalid(path, '', `can have at most ${limit} characters`)] : [];

/** legacyValidateEvent (pkg/apis/core/validation/events.go): what every version asks for. Objects are core/v1's shape. */
function legacy(event: KubeObject, reportingField: string): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata.namespace ?? '';
  const about: Fields = event['involvedObject'] ?? {};
  const aboutNamespace: string = about['namespace'] ?? '';
  const mismatch = () =>
    invalid('involvedObject.namespace', aboutNamespace, 'does not match event.namespace');
  if (isZero(event['eventTime'])) {
    if (aboutNamespace === '' ? namespace !== '' && namespace !== 'default' : namespace !== aboutNamespace)
      errors.push(mismatch());
  } else {
    if (aboutNamespace === '' && namespace !== 'default' && namespace !== 'kube-system')
      errors.push(mismatch());
    const reporting: string = event['reportingComponent'] ?? '';
    if (reporting === '') errors.push(required(reportingField));
    errors.push(...qualifiedName(reporting, reportingField));
    if (!event['reportingInstance']) errors.push(required('reportingInstance'));
    errors.push(...atMost(event['reportingInstance'], 128, 'reportingInstance'));
    if (!event['action']) errors.push(required('action'));
    errors.push(...atMost(event['action'], 128, 'action'));
    if (!event['reason']) errors.push(required('reason'));
    errors.push(...atMost(event['reason'], 128, 'reason'));
    errors.push(...atMost(event['message'], 1024, 'message'));
  }
  for (const fault of dns1123SubdomainFaults(namespace)) errors.push(invalid('namespace', namespace, fault));
  return errors;
}

function series(event: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const of: Fields | undefined = event['series'];
  if (!of) return errors;
  if ((of['count'] ?? 0) < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
  if (isZero(of['lastObservedTime'])) errors.push(required('series.lastObservedTime'));
  return errors;
}

function strictCreate(event: KubeObject): FieldError[] {
  const errors = series(event);
  if (isZero(event['eventTime'])) errors.push(required('eventTime'));
  const type: string = event['type'] ?? '';
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${type}`));
  const unset = (path: string, is: boolean) => is && errors.push(invalid(path, '', 'needs to be unset'));
  unset('firstTimestamp', !isZero(event['firstTimestamp']));
  unset('lastTimestamp', !isZero(event['lastTimestamp']));
  unset('count', !!event['count']);
  unset('source', !!event['source']?.component || !!event['source']?.host);
  return errors;
}

/** References and sources as messages show them: the internal types' Go names. */
const shownReference = (r: Fields | undefined) =>
  r && {
    Kind: r['kind'] ?? '',
    Namespace: r['namespace'] ?? '',
    Name: r['name'] ?? '',
    UID: r['uid'] ?? '',
    APIVersion: r['apiVersion'] ?? '',
    ResourceVersion: r['resourceVersion'] ?? '',
    FieldPath: r['fieldPath'] ?? '',
  };
const shownSource = (s: Fields | undefined) => ({
  Component: s?.['component'] ?? '',
  Host: s?.['host'] ?? '',
});
const micros = (time: unknown) => (isZero(time) ? '' : String(time).replace(/(\.\d{6})\d+/, '$1'));

function strictUpdate(event: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (!deepEqual(event['series'], old['series'])) errors.push(...series(event));
  const same = (path: string, value: (e: KubeObject) => unknown) =>
    errors.push(...immutable(value(event), value(old), path));
  same('involvedObject', (e) => shownReference(e['involvedObject'] ?? {}));
  same('reason', (e) => e['reason'] ?? '');
  same('message', (e) => e['message'] ?? '');
  same('source', (e) => shownSource(e['source']));
  same('firstTimestamp', (e) => e['firstTimestamp'] ?? null);
  same('lastTimestamp', (e) => e['lastTimestamp'] ?? null);
  same('count', (e) => e['count'] ?? 0);
  same('reason', (e) => e['reason'] ?? '');
  same('type', (e) => e['type'] ?? '');
  if (micros(event['eventTime']) !== micros(old['eventTime']))
    errors.push(...immutable(event['eventTime'], old['eventTime'], 'eventTime'));
  same('action', (e) => e['action'] ?? '');
  same('related', (e) => shownReference(e['related']) ?? null);
  same('reportingController', (e) => e['reportingComponent'] ?? '');
  same('reportingInstance', (e) => e['reportingInstance'] ?? '');
  return errors;
}

const source = (event: KubeObject): string => event['source']?.component || event['reportingComponent'] || '';

const about = (name: string) => (event: KubeObject) => event['involvedObject']?.[name] ?? '';

const SELECTABLE = {
  'involvedObject.kind': about('kind'),
  'involvedObject.namespace': about('namespace'),
  'involvedObject.name': about('name'),
  'involvedObject.uid': about('uid'),
  'involvedObject.apiVersion': about('apiVersion'),
  'involvedObject.resourceVersion': about('resourceVersion'),
  'involvedObject.fieldPath': about('fieldPath'),
  reason: (event: KubeObject) => event['reason'] ?? '',
  reportingComponent: (event: KubeObject) => event['reportingComponent'] ?? '',
  source,
  type: (event: KubeObject) => event['type'] ?? '',
};

/** What a field selector of events.k8s.io/v1 calls the same fields (pkg/apis/events/v1/conversion.go). */
const SELECTABLE_V1 = {
  ...Object.fromEntries(
    ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((f) => [
      `regarding.${f}`,
      about(f),
    ]),
  ),
  reason: SELECTABLE.reason,
  reportingController: SELECTABLE.reportingComponent,
  type: SELECTABLE.type,
};

/**
 * pkg/registry/core/event/strategy.go, over core/v1's shape in either group: core takes what it always took,
 * events.k8s.io is strict.
 */
export function eventStrategy(strict: boolean): Strategy {
  const reporting = strict ? 'reportingController' : 'reportingComponent';
  return {
    defaults: fillCoreEvent,
    validate: (event) => [...legacy(event, reporting), ...(strict ? strictCreate(event) : [])],
    validateUpdate: (event, old) => [
      ...legacy(event, reporting),
      ...(strict ? strictUpdate(event, old) : []),
    ],
    ...(strict ? {} : { validateName: (name: string) => pathSegmentFaults(name) }),
    allowCreateOnUpdate: true,
    ttlSeconds: (_event, { eventTtlSeconds = EVENT_TTL_SECONDS }) => eventTtlSeconds,
    selectableFields: strict ? SELECTABLE_V1 : SELECTABLE,
    row(event, now) {
      const time = (field: unknown) => since(isZero(field) ? undefined : field, now);
      const first = isZero(event['firstTimestamp'])
        ? time(event['eventTime'])
        : time(event['firstTimestamp']);
      const of: Fields | undefined = event['series'];
      const last = of
        ? time(of['lastObservedTime'])
        : isZero(event['lastTimestamp'])
          ? first
          : time(event['lastTimestamp']);
      const kind = String(about('kind')(event)).toLowerCase();
      const name = about('name')(event);
      const host = event['source']?.host || event['reportingInstance'] || '';
      return [
        last,
        event['type'] ?? '',
        event['reason'] ?? '',
        name ? `${kind}/${name}` : kind,
        about('fieldPath')(event),
        host ? `${source(event)}, ${host}` : source(event),
        String(event['message'] ?? '').trim(),
        first,
        of ? (of['count'] ?? 0) : event['count'] || 1,
        event.metadata.name ?? '',
      ];
    },
  };
}
