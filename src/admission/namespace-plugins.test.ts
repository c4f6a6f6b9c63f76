import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../controllers/fixtures/memory-client.ts';
import { alreadyExistsError, forbiddenError } from '../meta/status.ts';
import { attributesOf, listerOf, pod, refusal } from './fixtures/attributes.ts';
import { NamespaceAutoProvision } from './namespace-auto-provision.ts';
import { NamespaceExists } from './namespace-exists.ts';
import { NamespaceLifecycle } from './namespace-lifecycle.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };

describe('NamespaceLifecycle', () => {
  const plugin = new NamespaceLifecycle(
    listerOf(
      { metadata: { name: 'ns' }, status: { phase: 'Active' } },
      { metadata: { name: 'going' }, status: { phase: 'Terminating' } },
      { metadata: { name: 'marked', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    ),
  );
  const admit = (given: Parameters<typeof attributesOf>[0]) =>
    plugin.admit(attributesOf({ object: pod(), ...given }));

  it('wants the namespace there', () => {
    expect(admit({}).outcome).toBe('accepted');
    expect(admit({ namespace: 'gone' })).toMatchObject({
      error: { status: { code: 404, message: 'namespaces "gone" not found' } },
    });
    expect(admit({ namespace: 'gone', operation: 'DELETE' }).outcome).toBe('accepted');
    const of = 'localsubjectaccessreviews.authorization.k8s.io';
    expect(admit({ namespace: 'gone', of }).outcome).toBe('accepted');
  });

  it.each(['going', 'marked'])('lets nothing new into a namespace on its way out: %s', (namespace) => {
    const verdict = admit({ namespace });
    expect(verdict).toMatchObject({
      error: {
        status: {
          code: 403,
          message: `pods "p" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
          details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
        },
      },
    });
    expect(admit({ namespace, operation: 'UPDATE' }).outcome).toBe('accepted');
  });

  it.each(['default', 'kube-system', 'kube-public'])('keeps %s', (name) => {
    const given = { of: 'namespaces', operation: 'DELETE', namespace: name, name } as const;
    expect(refusal(admit(given))).toBe(
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    );
    expect(admit({ ...given, of: 'pods' }).outcome).toBe('accepted');
  });
});

describe('NamespaceExists', () => {
  it('wants the namespace there for all that is in one', () => {
    const plugin = new NamespaceExists(listerOf({ metadata: { name: 'ns' } }));
    const outcome = (given: Parameters<typeof attributesOf>[0]) =>
      plugin.validate(attributesOf(given)).outcome;
    expect(outcome({})).toBe('accepted');
    expect(outcome({ namespace: 'gone' })).toBe('denied');
    expect(outcome({ namespace: '' })).toBe('accepted');
    expect(outcome({ namespace: 'new', of: 'namespaces' })).toBe('accepted');
  });
});

describe('NamespaceAutoProvision', () => {
  const setup = () => {
    const client = new MemoryClient();
    const plugin = new NamespaceAutoProvision(client);
    return {
      client,
      admit: (given: Parameters<typeof attributesOf>[0] = {}) => plugin.admit(attributesOf(given)),
    };
  };

  it('creates what is missing', async () => {
    const { client, admit } = setup();
    expect((await admit()).code).toBe('NAMESPACE_PROVISIONED');
    expect(client.lister(NAMESPACES).get('', 'ns')).toBeDefined();
    expect((await admit()).outcome).toBe('accepted');
    expect(client.calls).toEqual(['create namespaces /ns']);
  });

  it('creates nothing for a dry run', async () => {
    const { client, admit } = setup();
    await admit({ dryRun: true });
    expect(client.calls).toEqual([]);
  });

  it('does not mind who was faster, but minds a refusal', async () => {
    const { client, admit } = setup();
    client.failures.create = [
      alreadyExistsError(NAMESPACES, 'ns'),
      forbiddenError(NAMESPACES, 'ns', 'not here'),
      new Error('broken'),
    ];
    expect((await admit()).outcome).toBe('accepted');
    expect(refusal(await admit())).toContain('namespaces "ns" is forbidden: not here');
    await expect(admit()).rejects.toThrow('broken');
  });
});
