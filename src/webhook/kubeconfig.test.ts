import { describe, expect, it } from 'vitest';
import type { Files } from './files.ts';
import { readKubeconfig, targetOf } from './kubeconfig.ts';

function files(contents: Record<string, string>): Files {
  const find = (operation: string, path: string): string => {
    const text = contents[path];
    if (text === undefined) throw new Error(`${operation} ${path}: no such file or directory`);
    return text;
  };
  return {
    read: (path) => find('open', path),
    stat: (path) => ({ isFile: find('stat', path) !== undefined }),
  };
}

const config = (user: object, cluster: object = { server: 'https://hook.example/x' }): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

describe('readKubeconfig', () => {
  it('resolves paths beside the file', () => {
    const disk = files({
      '/k/config': config({ tokenFile: 'token' }, { server: 'https://h', 'certificate-authority': 'ca.pem' }),
      '/k/ca.pem': 'CA',
      '/k/token': 'abc\n',
    });
    const target = targetOf(readKubeconfig('/k/config', disk), disk);
    expect(target).toMatchObject({ url: 'https://h', ca: 'CA' });
    expect(target.credentials?.()).toEqual({ authorization: 'Bearer abc' });
  });

  it('knows basic credentials and certificates in base64', () => {
    const disk = files({
      '/k': config({ username: 'a', password: 'b' }),
      '/c': config({ 'client-certificate-data': 'Q0VSVA==', 'client-key-data': 'S0VZ' }),
    });
    expect(targetOf(readKubeconfig('/k', disk), disk).credentials?.()).toEqual({
      authorization: 'Basic YTpi',
    });
    expect(targetOf(readKubeconfig('/c', disk), disk).credentials?.()).toEqual({
      certificate: { certificate: 'CERT', key: 'KEY' },
    });
  });

  it.each([
    ['/none', {}, 'stat /none: no such file or directory'],
    [
      '/k',
      { '/k': '{}' },
      'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    ],
    ['/k', { '/k': config({}, {}) }, 'invalid configuration: cluster has no server defined'],
    [
      '/k',
      { '/k': config({}, { server: 'https://h', 'certificate-authority': '/ca' }) },
      'invalid configuration: unable to read certificate-authority /ca for c due to open /ca: no such file or directory',
    ],
    [
      '/k',
      { '/k': config({ 'client-certificate-data': 'eA==' }) },
      'invalid configuration: client-key-data or client-key must be specified for u to use the clientCert authentication method.',
    ],
  ])('refuses %s', (path, contents: Record<string, string>, message) => {
    expect(() => readKubeconfig(path, files(contents))).toThrow(message);
  });
});
