import { webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer, get } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { issue, SERVER_AUTH, x509 } from '../fixtures/certificates.ts';
import { trusting } from './issuer-client.ts';
import { ProxyAwareAgent, proxyFor } from './proxy.ts';

describe('proxyFor', () => {
  const HTTPS_PROXY = 'http://proxy:3128';
  const used = (host: string, NO_PROXY = '', port = 443): boolean =>
    proxyFor(host, port, { HTTPS_PROXY, NO_PROXY }) !== undefined;

  it('takes what the environment names', () => {
    expect(proxyFor('idp.example', 443, {})).toBeUndefined();
    expect(proxyFor('idp.example', 443, { https_proxy: 'proxy:3128' })?.href).toBe('http://proxy:3128/');
    expect(proxyFor('idp.example', 443, { HTTPS_PROXY: 'https://u:p@proxy' })?.href).toBe(
      'https://u:p@proxy/',
    );
  });

  it.each([
    ['localhost', '', 443, false],
    ['127.0.0.9', '', 443, false],
    ['[::1]', '', 443, false],
    ['idp.example', '', 443, true],
    ['idp.example', '*', 443, false],
    ['idp.example', 'other, IDP.example', 443, false],
    ['a.idp.example', 'idp.example', 443, false],
    ['a.idp.example', '.idp.example', 443, false],
    ['a.idp.example', '*.idp.example', 443, false],
    ['idp.example', '.idp.example', 443, true],
    ['xidp.example', 'idp.example', 443, true],
    ['idp.example', 'idp.example:8443', 443, true],
    ['idp.example', 'idp.example:8443', 8443, false],
    ['10.1.2.3', '10.0.0.0/8', 443, false],
    ['11.1.2.3', '10.0.0.0/8', 443, true],
    ['fd00::5', 'fd00::/16', 443, false],
    ['10.1.2.3', '10.1.2.3', 443, false],
    ['10.1.2.3', '10.0.0.0/99', 443, true],
  ])('%s with NO_PROXY=%s, port %i: %s', (host, spared, port, through) => {
    expect(used(host, spared, port)).toBe(through);
  });
});

describe('ProxyAwareAgent', () => {
  const open: { close(): unknown; closeAllConnections(): void }[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const listening = async <T extends Server>(server: T): Promise<number> => {
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  it('asks through the proxy, and verifies the server behind it', async () => {
    const ca = await issue({ subject: 'CN=ca', ca: true });
    const extensions = [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'idp.example' }])];
    const issued = await issue({ subject: 'CN=idp', issuer: ca, usages: [SERVER_AUTH], extensions });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', issued.keys.privateKey));
    const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
    const target = await listening(
      createHttpsServer({ key, cert: issued.pem }, (_, response) =>
        response.end('behind'),
      ) as unknown as Server,
    );
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      if (request.url === 'forbidden.example:443') return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const onward = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    const port = await listening(proxy);
    const environment = { HTTPS_PROXY: `http://u:p%40@127.0.0.1:${port}` };
    const agent = new ProxyAwareAgent({ secureContext: trusting(ca.pem) }, environment);
    const body = (url: string): Promise<string> =>
      new Promise((resolve, reject) => {
        get(url, { agent }, async (response) => {
          let text = '';
          for await (const chunk of response) text += chunk;
          resolve(text);
        }).on('error', reject);
      });
    expect(await body('https://idp.example/')).toBe('behind');
    expect(asked).toEqual([`idp.example:443 Basic ${Buffer.from('u:p@').toString('base64')}`]);
    await expect(body('https://other.example/')).rejects.toThrow(/altnames/);
    await expect(body('https://forbidden.example/')).rejects.toThrow('Forbidden');
    agent.destroy();
  });
});
