import { deepEqual } from '../meta/deep-equal.ts';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import {
  AUTO_UPDATE,
  MANDATORY_FLOW_SCHEMAS,
  MANDATORY_PRIORITY_LEVELS,
  SUGGESTED_FLOW_SCHEMAS,
  SUGGESTED_PRIORITY_LEVELS,
} from '../registry/flowcontrol/bootstrap.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const FLOW_SCHEMAS: GroupResource = { group: GROUP, resource: 'flowschemas' };
const PRIORITY_LEVELS: GroupResource = { group: GROUP, resource: 'prioritylevelconfigurations' };

/**
 * Creates the flow schemas and priority levels that a server starts with, brings the mandatory ones back to what they have
 * to be, and the suggested ones too unless their annotation was changed (pkg/registry/flowcontrol/ensurer).
 */
export async function ensureFlowControl(client: ObjectClient): Promise<void> {
  const ensure = (resource: GroupResource, objects: readonly KubeObject[], mandatory: boolean) =>
    objects.map((object) => ensureObject(client, resource, object, mandatory));
  await Promise.all([
    ...ensure(PRIORITY_LEVELS, MANDATORY_PRIORITY_LEVELS, true),
    ...ensure(FLOW_SCHEMAS, MANDATORY_FLOW_SCHEMAS, true),
    ...ensure(PRIORITY_LEVELS, SUGGESTED_PRIORITY_LEVELS, false),
    ...ensure(FLOW_SCHEMAS, SUGGESTED_FLOW_SCHEMAS, false),
  ]);
}

async function ensureObject(
  client: ObjectClient,
  resource: GroupResource,
  wanted: KubeObject,
  mandatory: boolean,
): Promise<void> {
  const name = wanted.metadata.name!;
  const found = client.lister(resource)?.get('', name);
  if (!found) {
    try {
      await client.create(resource, '', structuredClone(wanted));
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error;
    }
    return;
  }
  const kept = (object: KubeObject) => {
    if (!mandatory && object.metadata.annotations?.[AUTO_UPDATE] !== 'true') return true;
    // The exempt level's own numbers are the operator's.
    const spec =
      object['spec']?.type === 'Exempt'
        ? { ...object['spec'], exempt: wanted['spec'].exempt }
        : object['spec'];
    return (
      deepEqual(spec, wanted['spec']) && (!mandatory || object.metadata.annotations?.[AUTO_UPDATE] === 'true')
    );
  };
  if (kept(found)) return;
  await client.update(resource, '', name, (object) => {
    if (kept(object)) return false;
    const exempt = object['spec']?.exempt;
    object['spec'] = structuredClone(wanted['spec']);
    if (exempt && object['spec'].exempt) object['spec'].exempt = exempt;
    if (mandatory) object.metadata.annotations = { ...object.metadata.annotations, [AUTO_UPDATE]: 'true' };
    return undefined;
  });
}
