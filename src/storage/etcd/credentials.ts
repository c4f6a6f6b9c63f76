import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import { type Files, nodeFiles, type ReloadReport, WatchedFiles } from '../../meta/watched-files.ts';

/** Files in PEM: what the members' certificates are checked against (absent: the system's), and our own. */
export interface TlsFiles {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** What was read of them. */
interface Tls {
  ca: Buffer | null;
  cert: Buffer | null;
  key: Buffer | null;
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** How members are spoken to; certificates and keys that are renewed are taken up. */
export class Credentials {
  readonly #grpc: typeof Grpc;
  /** Absent: without TLS. */
  readonly #tls: WatchedFiles<Tls> | undefined;

  /** Throws what is wrong with the endpoints or the files. `report` is told of files that change. */
  constructor(
    grpc: typeof Grpc,
    endpoints: readonly string[],
    files: TlsFiles,
    options: { files?: Files; report?: ReloadReport } = {},
  ) {
    this.#grpc = grpc;
    const schemes = new Set(endpoints.map((endpoint) => new URL(endpoint).protocol));
    if (schemes.size > 1) throw new Error('etcd endpoints are either all https or all http');
    if (schemes.has('http:')) return;
    if (!schemes.has('https:')) throw new Error('an etcd endpoint begins with https:// or http://');
    const { caFile, certFile, keyFile } = files;
    if ((certFile === undefined) !== (keyFile === undefined))
      throw new Error('a client certificate for etcd takes both --etcd-certfile and --etcd-keyfile');
    const paths = [caFile, certFile, keyFile];
    this.#tls = new WatchedFiles(
      paths.filter((path) => path !== undefined),
      (contents) => {
        const [ca, cert, key] = paths.map((path) =>
          path === undefined ? undefined : contents[paths.filter((p) => p !== undefined).indexOf(path)],
        );
        return read(files, ca, cert, key);
      },
      { files: options.files ?? nodeFiles, ...(options.report ? { report: options.report } : {}) },
    );
  }

  /** Begins to follow the files; `changed` is called when other credentials are to be used. */
  follow(changed: () => void): void {
    this.#tls?.start();
    this.#tls?.onChange(changed);
  }

  stop(): void {
    this.#tls?.stop();
  }

  /** For a member at this host: a name, or an address without brackets. */
  for(host: string): Grpc.ChannelCredentials {
    if (!this.#tls) return this.#grpc.credentials.createInsecure();
    const { ca, key, cert } = this.#tls.current();
    return this.#grpc.credentials.createSsl(ca, key, cert, {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate as PeerCertificate),
    });
  }
}

/** An address is no server name (RFC 6066 3); the certificate is checked against it all the same. */
export function serverName(host: string): Grpc.ClientOptions {
  return isIP(host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'etcd' };
}

/** Throws in words for the operator; nothing of a key is in them. */
function read(files: TlsFiles, ca?: string, cert?: string, key?: string): Tls {
  if (ca !== undefined) certificates('--etcd-cafile', files.caFile!, ca);
  if (cert !== undefined && key !== undefined) {
    const own = certificates('--etcd-certfile', files.certFile!, cert)[0]!;
    let privateKey: KeyObject;
    try {
      privateKey = createPrivateKey(key);
    } catch {
      throw new Error(`--etcd-keyfile: ${files.keyFile} holds no private key in PEM`);
    }
    if (!own.checkPrivateKey(privateKey))
      throw new Error(
        `--etcd-certfile and --etcd-keyfile: ${files.keyFile} is not the key of ${files.certFile}`,
      );
  }
  const bytes = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  return { ca: bytes(ca), cert: bytes(cert), key: bytes(key) };
}

function certificates(flag: string, path: string, text: string): X509Certificate[] {
  const found = text.match(pemCertificate);
  if (!found) throw new Error(`${flag}: ${path} holds no certificate in PEM`);
  return found.map((pem) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new Error(`${flag}: ${path} holds a certificate that cannot be read`);
    }
  });
}
