import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createAuthority } from '../pki/authority.ts';
import { cipherList, minTlsVersion } from './tls-flags.ts';

describe('--tls-cipher-suites', () => {
  it('leaves the choice to Node.js where none is named', () => {
    expect(cipherList([])).toBeUndefined();
  });

  it('is a list that TLS 1.2 connections keep to, and TLS 1.3 goes on', async () => {
    const { certificate, key } = await createAuthority('test', 1, Date.now());
    const ciphers = cipherList([
      'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
      'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    ])!;
    const server = createServer({ cert: certificate, key, ciphers }).listen(0, '127.0.0.1');
    server.on('tlsClientError', () => {});
    await new Promise((done) => server.once('listening', done));
    const { port } = server.address() as { port: number };
    const cipher = (options: object) =>
      new Promise<string>((done) => {
        const socket: TLSSocket = connect(
          { port, host: '127.0.0.1', rejectUnauthorized: false, ...options },
          () => {
            done(socket.getCipher().standardName);
            socket.destroy();
          },
        );
        socket.on('error', () => done('refused'));
      });
    expect(await cipher({ maxVersion: 'TLSv1.2' })).toMatch(
      /^TLS_ECDHE_(ECDSA|RSA)_WITH_AES_256_GCM_SHA384$/,
    );
    expect(await cipher({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toBe('refused');
    expect(await cipher({ minVersion: 'TLSv1.3' })).toMatch(/^TLS_/);
    server.close();
  });

  it('refuses names that are none, and what is broken', () => {
    expect(() => cipherList(['TLS_FOO'])).toThrow("Cipher suite TLS_FOO not supported or doesn't exist");
    expect(() => cipherList(['TLS_RSA_WITH_RC4_128_SHA'])).toThrow('broken');
  });
});

describe('--tls-min-version', () => {
  it('is 1.2 at least', () => {
    expect(['', 'VersionTLS10', 'VersionTLS12', 'VersionTLS13'].map(minTlsVersion)).toEqual([
      'TLSv1.2',
      'TLSv1.2',
      'TLSv1.2',
      'TLSv1.3',
    ]);
    expect(() => minTlsVersion('1.2')).toThrow('unknown tls version "1.2"');
  });
});
