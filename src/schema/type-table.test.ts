import { describe, expect, it } from 'vitest';
import { builtInGroups, findResource, preferredResource, resourceOfKind, resources } from './resources.ts';
import { internalType, isRegistered } from './scheme.ts';
import { typeTable } from './type-table.ts';

describe('the type table', () => {
  it('unpacks fields with what is known of them', () => {
    const containers = typeTable.type('core/v1.PodSpec').byName.get('containers')!;
    expect(containers).toMatchObject({
      required: true,
      patchStrategy: ['merge'],
      patchMergeKey: 'name',
      listType: 'map',
      listMapKeys: ['name'],
      pb: 2,
      pointer: false,
      omitEmpty: false,
    });
    expect(containers.node).toMatchObject({
      kind: 'list',
      goType: '[]v1.Container',
      items: { kind: 'struct', name: 'core/v1.Container' },
    });
    const limits = typeTable.type('core/v1.ResourceRequirements').byName.get('limits')!;
    expect(limits.node).toMatchObject({
      kind: 'map',
      goType: 'v1.ResourceList',
      values: { kind: 'scalar', scalar: 'quantity' },
    });
  });

  it('knows the way through embedded structs', () => {
    expect(typeTable.type('core/v1.Volume').byName.get('secret')).toMatchObject({
      pb: 6,
      pbWay: [2],
      goWay: ['VolumeSource'],
    });
    expect(
      typeTable.type('admissionregistration/v1.NamedRuleWithOperations').byName.get('apiGroups'),
    ).toMatchObject({ pb: 1, pbWay: [2, 2] });
  });

  it('finds types by kind', () => {
    expect(typeTable.kind({ group: 'apps', version: 'v1', kind: 'Deployment' })?.name).toBe(
      'apps/v1.Deployment',
    );
    expect(typeTable.kind({ group: 'apps', version: 'v9', kind: 'Deployment' })).toBeUndefined();
    expect(typeTable.find('__proto__')).toBeUndefined();
    expect(() => typeTable.type('core/v1.Nothing')).toThrow();
  });

  it('holds every type that it refers to', () => {
    for (const name of typeTable.names())
      for (const field of typeTable.type(name).fields)
        if (field.node.kind === 'struct') expect(field.node.type.name).toBe(field.node.name);
  });
});

describe('resources', () => {
  it('are found by path, by kind and by group', () => {
    expect(findResource('', 'v1', 'pods')).toMatchObject({
      kind: 'Pod',
      listKind: 'PodList',
      typeName: 'core/v1.Pod',
      storagePrefix: '/registry/pods',
      shortNames: ['po'],
    });
    expect(resourceOfKind({ group: 'apps', version: 'v1', kind: 'ReplicaSet' })?.plural).toBe('replicasets');
    expect(preferredResource({ group: 'autoscaling', resource: 'horizontalpodautoscalers' })?.version).toBe(
      'v2',
    );
    expect(builtInGroups().get('autoscaling')).toEqual(['v2', 'v1']);
  });

  it('all have a type, and what is stored a place', () => {
    for (const resource of resources) {
      expect(resource.typeName, resource.plural).toBeDefined();
      if (resource.verbs.includes('watch'))
        expect(resource.storagePrefix, resource.plural).toMatch(/^\/registry\//);
    }
  });
});

describe('the scheme', () => {
  it('knows kinds of versions that are not served', () => {
    expect(isRegistered({ group: 'apps', version: 'v1beta1', kind: 'Deployment' })).toBe(true);
    expect(isRegistered({ group: 'apps', version: 'v1', kind: 'DeleteOptions' })).toBe(true);
    expect(isRegistered({ group: 'apps', version: 'v1', kind: 'Pod' })).toBe(false);
  });
  it('knows which kinds are one inside', () => {
    expect(internalType({ group: 'events.k8s.io', kind: 'Event' })).toBe('core.Event');
    expect(internalType({ group: 'extensions', kind: 'Ingress' })).toBe('networking.Ingress');
    expect(internalType({ group: 'rbac.authorization.k8s.io', kind: 'Role' })).toBe('rbac.Role');
  });
});
