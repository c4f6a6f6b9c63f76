import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../meta/object.ts';
import { DefaultIngressClass } from './default-ingress-class.ts';
import { DefaultStorageClass } from './default-storage-class.ts';
import { DenyServiceExternalIPs } from './deny-service-external-ips.ts';
import { attributesOf, listerOf, refusal } from './fixtures/attributes.ts';
import { PersistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { StorageObjectInUseProtection } from './storage-object-in-use-protection.ts';

const classOf = (name: string, annotation?: string, creationTimestamp = '2026-01-01T00:00:00Z') => ({
  metadata: { name, creationTimestamp, ...(annotation ? { annotations: { [annotation]: 'true' } } : {}) },
});
const named = (spec?: object, metadata: object = {}): KubeObject =>
  ({ metadata: { name: 'x', namespace: 'ns', ...metadata }, ...(spec ? { spec } : {}) }) as KubeObject;

describe('DefaultStorageClass', () => {
  const DEFAULT = 'storageclass.kubernetes.io/is-default-class';
  const BETA = 'storageclass.beta.kubernetes.io/is-default-class';
  const admit = (object: KubeObject, ...classes: object[]): unknown => {
    new DefaultStorageClass(listerOf(...classes)).admit(
      attributesOf({ of: 'persistentvolumeclaims', object }),
    );
    return object['spec']?.storageClassName;
  };

  it('takes the newest of several, then the first by name', () => {
    const old = classOf('a', DEFAULT);
    const [b, c] = ['b', 'c'].map((name) => classOf(name, BETA, '2026-02-01T00:00:00Z'));
    expect(admit(named(), old, c!, b!, classOf('d'))).toBe('b');
  });

  it('leaves claims alone that name a class, if only none', () => {
    expect(admit(named({ storageClassName: '' }), classOf('a', DEFAULT))).toBe('');
    const annotations = { 'volume.beta.kubernetes.io/storage-class': 'old' };
    expect(admit(named({}, { annotations }), classOf('a', DEFAULT))).toBeUndefined();
    expect(admit(named(), classOf('a'))).toBeUndefined();
  });
});

describe('DefaultIngressClass', () => {
  const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
  const admit = (object: KubeObject, ...classes: object[]): unknown => {
    new DefaultIngressClass(listerOf(...classes)).admit(
      attributesOf({ of: 'ingresses.networking.k8s.io', object }),
    );
    return object['spec']?.ingressClassName;
  };

  it('takes the default class', () => {
    expect(admit(named(), classOf('a'), classOf('b', DEFAULT))).toBe('b');
  });

  it('leaves Ingresses alone that name a class in either way', () => {
    expect(admit(named({ ingressClassName: 'own' }), classOf('b', DEFAULT))).toBe('own');
    const annotations = { 'kubernetes.io/ingress.class': 'own' };
    expect(admit(named({}, { annotations }), classOf('b', DEFAULT))).toBeUndefined();
  });
});

describe('DenyServiceExternalIPs', () => {
  const validate = (now: string[] | undefined, before?: string[]) =>
    refusal(
      new DenyServiceExternalIPs().validate(
        attributesOf({
          of: 'services',
          operation: before ? 'UPDATE' : 'CREATE',
          object: named({ externalIPs: now }),
          ...(before ? { oldObject: named({ externalIPs: before }) } : {}),
        }),
      ),
    );

  it('lets a service keep or lose addresses, and get none', () => {
    expect(validate(['1.2.3.4'])).toBe(
      'services "x" is forbidden: Use of external IPs is denied by admission control',
    );
    expect(validate(undefined)).toBeUndefined();
    expect(validate(['1.2.3.4'], ['5.6.7.8', '1.2.3.4'])).toBeUndefined();
    expect(validate(['1.2.3.4', '9.9.9.9'], ['1.2.3.4'])).toBeDefined();
  });
});

describe('StorageObjectInUseProtection', () => {
  it.each([
    ['persistentvolumes', 'kubernetes.io/pv-protection'],
    ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
    ['volumeattributesclasses.storage.k8s.io', 'kubernetes.io/vac-protection'],
  ])('holds %s', (of, finalizer) => {
    const object = named({}, { finalizers: ['own.example/x'] });
    const plugin = new StorageObjectInUseProtection();
    for (let i = 0; i < 2; i++) plugin.admit(attributesOf({ of, object }));
    expect(object.metadata.finalizers).toEqual(['own.example/x', finalizer]);
  });
});

describe('PersistentVolumeClaimResize', () => {
  const claim = (storage: string, storageClassName: string, phase = 'Bound'): KubeObject => ({
    ...named({ storageClassName, resources: { requests: { storage } } }),
    status: { phase },
  });
  const classes = listerOf(
    { ...classOf('grows'), allowVolumeExpansion: true },
    { ...classOf('stays'), allowVolumeExpansion: false },
  );
  const validate = (object: KubeObject, oldObject: KubeObject) =>
    refusal(
      new PersistentVolumeClaimResize(classes).validate(
        attributesOf({ of: 'persistentvolumeclaims', operation: 'UPDATE', object, oldObject }),
      ),
    );
  const CANNOT = 'only dynamically provisioned pvc can be resized';

  it('lets claims grow whose class can make them', () => {
    expect(validate(claim('2Gi', 'grows'), claim('1Gi', 'grows'))).toBeUndefined();
    expect(validate(claim('2Gi', 'stays'), claim('1Gi', 'stays'))).toContain(CANNOT);
    expect(validate(claim('2Gi', 'gone'), claim('1Gi', 'gone'))).toContain(CANNOT);
    expect(validate(claim('2Gi', ''), claim('1Gi', ''))).toContain(CANNOT);
    expect(validate(claim('2Gi', 'grows'), claim('1Gi', 'stays'))).toContain(CANNOT);
  });

  it('wants them bound', () => {
    expect(validate(claim('2Gi', 'grows'), claim('1Gi', 'grows', 'Pending'))).toContain(
      'Only bound persistent volume claims can be expanded',
    );
  });

  it('is not concerned with the same size in other words', () => {
    expect(validate(claim('1024Mi', ''), claim('1Gi', ''))).toBeUndefined();
  });
});
