import { describe, expect, it } from 'vitest';
import { createAuthority } from '../pki/authority.ts';
import { ClusterAuthentication, type ClusterAuthenticationInfo } from './cluster-authentication.ts';
import { MemoryClient } from './fixtures/memory-client.ts';

const DAY = 86_400_000;
const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};
const info = (change: Partial<ClusterAuthenticationInfo>): ClusterAuthenticationInfo => ({
  clientCa: '',
  requestHeaderCa: '',
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: [],
  groupHeaders: ['X-Remote-Group'],
  extraHeadersPrefixes: ['X-Remote-Extra-'],
  allowedNames: [],
  ...change,
});

describe('extension-apiserver-authentication', async () => {
  const now = Date.now();
  const ca = async (name: string, at = now): Promise<string> =>
    (await createAuthority(name, 3650, at)).certificate;
  const [one, other, old] = [await ca('one'), await ca('other'), await ca('old', now - 20 * 365 * DAY)];
  const dataOf = (client: MemoryClient): Record<string, string> | undefined =>
    client.lister(CONFIG_MAPS).get('kube-system', 'extension-apiserver-authentication')?.['data'];
  const count = (pem: string | undefined): number => pem?.match(/BEGIN CERTIFICATE/g)?.length ?? 0;

  it('says whom clients and front proxies are known by, and takes up another CA', async () => {
    const client = new MemoryClient();
    const controller = new ClusterAuthentication(
      client,
      info({ clientCa: one, requestHeaderCa: other, allowedNames: ['proxy'] }),
      () => now,
    );
    controller.start();
    await settle();
    expect(dataOf(client)).toMatchObject({
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-allowed-names': '["proxy"]',
    });
    expect(dataOf(client)).not.toHaveProperty('requestheader-uid-headers');
    expect(count(dataOf(client)?.['client-ca-file'])).toBe(1);
    controller.publish({ clientCa: other });
    await settle();
    expect(count(dataOf(client)?.['client-ca-file'])).toBe(2);
    await controller.stop();
  });

  it('keeps what other servers have put there, without CAs that have expired', async () => {
    const client = new MemoryClient();
    client.put('configmaps', {
      metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
      data: { 'client-ca-file': other + old, 'requestheader-allowed-names': 'not JSON' },
    } as never);
    const controller = new ClusterAuthentication(client, info({ clientCa: one }), () => now);
    controller.start();
    await settle();
    expect(count(dataOf(client)?.['client-ca-file'])).toBe(2);
    expect(Object.keys(dataOf(client) ?? {})).toEqual(['client-ca-file']);
    await controller.stop();
  });

  it('is made again where it is deleted', async () => {
    const client = new MemoryClient();
    const controller = new ClusterAuthentication(client, info({ clientCa: one }), () => now);
    controller.start();
    await settle();
    client.lister(CONFIG_MAPS).remove('kube-system', 'extension-apiserver-authentication');
    await settle();
    expect(count(dataOf(client)?.['client-ca-file'])).toBe(1);
    await controller.stop();
  });
});
