import { describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../../meta/object.ts';
import { FieldManager } from './field-manager.ts';
import { builtinKind } from './owned-kinds.ts';
import { parentManagedFields, replicasPath, scaleManagedFields } from './scale.ts';

const PATHS = new Map([['apps/v1', replicasPath('.spec.replicas')]]);
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };
const BOTH = { 'f:spec': { 'f:replicas': {}, 'f:selector': {} } };
const SELECTOR = { 'f:spec': { 'f:selector': {} } };

function entry(
  manager: string,
  operation: 'Apply' | 'Update',
  fieldsV1: object,
  more: object = {},
): ManagedFieldsEntry {
  return { manager, operation, apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1, ...more };
}
const scale = (manager: string, operation: 'Apply' | 'Update', more: object = {}): ManagedFieldsEntry =>
  entry(manager, operation, REPLICAS, { apiVersion: 'autoscaling/v1', ...more });

describe('owners of a Scale', () => {
  it('are those of the replicas', () => {
    const parent = [
      entry('one', 'Apply', SELECTOR),
      entry('two', 'Apply', BOTH, { time: '2026-01-01T00:00:00Z' }),
      entry('old', 'Apply', REPLICAS, { apiVersion: 'apps/v10' }),
    ];
    expect(scaleManagedFields(parent, PATHS)).toEqual([
      scale('two', 'Apply', { time: '2026-01-01T00:00:00Z' }),
    ]);
    expect(scaleManagedFields([], PATHS)).toBeUndefined();
  });
});

describe('owners of the resource after its Scale was written', () => {
  for (const before of ['Apply', 'Update'] as const) {
    for (const after of ['Apply', 'Update'] as const) {
      for (const manager of ['scaler', 'test']) {
        it(`${before} then ${after} by ${manager === 'test' ? 'the same' : 'another'}`, () => {
          const sub = { subresource: 'scale' };
          const out = parentManagedFields(
            [entry('test', before, BOTH)],
            [scale(manager, after, sub)],
            'apps/v1',
            PATHS,
          )!;
          expect(out).toHaveLength(2);
          expect(out).toContainEqual(entry('test', before, SELECTOR));
          expect(out).toContainEqual(entry(manager, after, REPLICAS, sub));
        });
      }
    }
  }

  it('who owned nothing but replicas goes', () => {
    const sub = { subresource: 'scale' };
    expect(
      parentManagedFields([entry('test', 'Apply', REPLICAS)], [scale('s', 'Update', sub)], 'apps/v1', PATHS),
    ).toEqual([entry('s', 'Update', REPLICAS, sub)]);
  });

  it('who still owns the Scale’s replicas keeps all', () => {
    for (const operation of ['Apply', 'Update'] as const) {
      const parent = [entry('test', operation, BOTH)];
      expect(parentManagedFields(parent, scaleManagedFields(parent, PATHS), 'apps/v1', PATHS)).toEqual(
        parent,
      );
    }
  });

  it('versions that are gone are forgotten', () => {
    const parent = [
      entry('a', 'Apply', SELECTOR),
      entry('b', 'Update', SELECTOR, { apiVersion: 'apps/v10' }),
    ];
    expect(parentManagedFields(parent, undefined, 'apps/v1', PATHS)).toEqual([parent[0]]);
  });

  it('a version without a replicas path keeps its entries', () => {
    const paths = new Map([...PATHS, ['apps/v2', undefined]] as [string, string[] | undefined][]);
    const parent = [entry('a', 'Apply', SELECTOR, { apiVersion: 'apps/v2' })];
    expect(parentManagedFields(parent, undefined, 'apps/v1', paths)).toEqual(parent);
  });

  it('goes with the field manager of Scale', () => {
    const scales = new FieldManager(builtinKind('autoscaling', 'Scale'), 'autoscaling/v1');
    const parent = [entry('web', 'Apply', BOTH)];
    const object = (replicas: number, managedFields: ManagedFieldsEntry[] | undefined): any => ({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'd', uid: 'u', ...(managedFields ? { managedFields } : {}) },
      spec: { replicas },
      status: { replicas: 1 },
    });
    const live = object(1, scaleManagedFields(parent, PATHS));
    const next = scales.update(live, object(4, undefined), 'scaler', 'scale', 0);
    expect(parentManagedFields(parent, next.metadata.managedFields, 'apps/v1', PATHS)).toEqual([
      entry('web', 'Apply', SELECTOR),
      entry('scaler', 'Update', REPLICAS, { subresource: 'scale' }),
    ]);
  });
});
