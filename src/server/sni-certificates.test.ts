import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { authority, issue } from '../authentication/fixtures/certificates.ts';
import { Listener } from './listener.ts';
import { silentLog } from './log.ts';
import { parseSniCertificate, SniCertificates } from './sni-certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-sni-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function pair(name: string, cn: string) {
  const made = await issue({ subject: `CN=${cn}`, issuer: await authority('ca') });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', made.keys.privateKey as never));
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
  writeFileSync(files.certFile, made.pem);
  writeFileSync(files.keyFile, key);
  return { ...files, cert: made.pem, key };
}

const peer = (port: number, servername: string, maxVersion?: 'TLSv1.2'): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(
      { port, servername, rejectUnauthorized: false, ...(maxVersion ? { maxVersion } : {}) },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });

describe('certificates by host name', () => {
  it('are chosen by name, then by pattern, and follow their files', async () => {
    const main = await pair('main', 'main');
    const sni = new SniCertificates(
      [
        { ...(await pair('a', 'cert-a')), names: ['a.example.com'] },
        { ...(await pair('w', 'cert-w')), names: ['*.example.com'] },
        { ...(await pair('own', 'own.example.org')), names: [] },
      ],
      silentLog,
    );
    sni.renew({});
    const listener = new Listener(
      {
        address: '127.0.0.1',
        port: 0,
        tls: { cert: main.cert, key: main.key },
        sni: (host) => sni.find(host),
        minVersion: 'TLSv1.3',
      },
      () => {},
    );
    const port = await listener.listen();
    try {
      expect(await peer(port, 'a.example.com')).toBe('cert-a');
      expect(await peer(port, 'B.example.com')).toBe('cert-w');
      expect(await peer(port, 'b.c.example.com')).toBe('main');
      expect(await peer(port, 'own.example.org')).toBe('own.example.org');
      const changed = new Promise<void>((resolve) => {
        sni.start(() => {
          sni.renew({});
          resolve();
        });
      });
      await pair('a', 'cert-a2');
      await changed;
      expect(await peer(port, 'a.example.com')).toBe('cert-a2');
      // What is renewed keeps the least version.
      const next = await pair('main', 'main-2');
      listener.renew({ cert: next.cert, key: next.key });
      expect(await peer(port, 'localhost')).toBe('main-2');
      await expect(peer(port, 'localhost', 'TLSv1.2')).rejects.toThrow();
    } finally {
      sni.stop();
      await listener.close(0);
    }
  });

  it('are read off the flag', () => {
    expect(parseSniCertificate('c.pem,k.pem')).toEqual({ certFile: 'c.pem', keyFile: 'k.pem', names: [] });
    expect(parseSniCertificate('c.pem,k.pem:A.b,*.c')).toEqual({
      certFile: 'c.pem',
      keyFile: 'k.pem',
      names: ['a.b', '*.c'],
    });
    expect(() => parseSniCertificate('c.pem')).toThrow('expected comma separated');
  });
});
