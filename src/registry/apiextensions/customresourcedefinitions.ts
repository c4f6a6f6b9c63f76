import { cloneJson } from '../../meta/clone.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import { quote } from '../../meta/go-quote.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { isKnownFormat } from '../custom-resources/formats.ts';
import type { Strategy } from '../strategy.ts';
import { setCondition } from './conditions.ts';
import { createErrors, statusErrors, updateErrors } from './definition-validation.ts';
import { internalSpec, schemaHas, schemasOf } from './internal-spec.ts';

const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** pkg/registry/customresourcedefinition, pkg/apis/apiextensions/v1/defaults.go */
export const customResourceDefinitions: Strategy = {
  defaults(definition) {
    definition['spec'] ??= {};
    const spec: Fields = definition['spec'];
    spec['names'] ??= {};
    const names: Fields = spec['names'];
    if (!names['singular'] && names['kind']) names['singular'] = names['kind'].toLowerCase();
    if (!names['listKind'] && names['kind']) names['listKind'] = `${names['kind']}List`;
    spec['conversion'] ??= { strategy: 'None' };
    const service: Fields | undefined = spec['conversion'].webhook?.clientConfig?.service;
    if (service) service['port'] ??= 443;
    definition['status'] ??= {};
    const status: Fields = definition['status'];
    if (!status['storedVersions']?.length) {
      const stored = storageVersion(definition);
      if (stored !== undefined) status['storedVersions'] = [stored];
    }
  },
  createKeepsStatus: true,
  prepareForCreate(definition) {
    definition['status'] = {};
    definition.metadata.generation = 1;
    noteStored(definition);
  },
  prepareForUpdate(definition, old) {
    definition['status'] = cloneJson(old['status'] ?? {});
    if (!deepEqual(definition['spec'], old['spec']))
      definition.metadata.generation = (old.metadata.generation ?? 0) + 1;
    noteStored(definition);
  },
  validate: (definition) => createErrors(definition),
  validateUpdate: (definition, old) => updateErrors(definition, old),
  warnings(definition, old) {
    const known = new Set(old ? unknownFormats(old) : []);
    return unknownFormats(definition)
      .filter((format) => !known.has(format))
      .map((format) => `unrecognized format ${quote(format)}`);
  },
  status: {
    prepareForUpdate(definition, old) {
      definition['spec'] = cloneJson(old['spec']);
    },
    validateUpdate: (definition) => statusErrors(definition),
  },
  allowUnconditionalUpdate: false,
  deletion: {
    begin(definition, now) {
      const { metadata } = definition;
      metadata.deletionTimestamp ??= now;
      if (!metadata.finalizers?.includes(CLEANUP_FINALIZER))
        metadata.finalizers = [...(metadata.finalizers ?? []), CLEANUP_FINALIZER];
      setCondition(
        definition,
        {
          type: 'Terminating',
          status: 'True',
          reason: 'InstanceDeletionPending',
          message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        },
        now,
      );
    },
    mayGo: ({ metadata }) => Boolean(metadata.deletionTimestamp) && !metadata.finalizers?.length,
  },
  deleteReturnsObject: true,
};

function storageVersion(definition: KubeObject): string | undefined {
  const versions: Fields[] = definition['spec']?.versions ?? [];
  return versions.find((version) => version['storage'])?.['name'];
}

/** A version that objects are stored in from now on belongs to those they may be stored in. */
function noteStored(definition: KubeObject): void {
  const name = storageVersion(definition);
  const status: Fields = definition['status'];
  const stored: string[] = status['storedVersions'] ?? [];
  if (name !== undefined && !stored.includes(name)) status['storedVersions'] = [...stored, name];
}

function unknownFormats(definition: KubeObject): string[] {
  const found: string[] = [];
  for (const schema of schemasOf(internalSpec(definition['spec'] ?? {})))
    schemaHas(schema, ({ format, type }) => {
      if (format && !isKnownFormat(format, [type ?? ''])) found.push(format);
      return false;
    });
  return found;
}
