import type { CertificateSource } from '../console/certificates-path.ts';
import type { ServerOptions } from './options.ts';

/** The files with certificates that a server was started with, by their flags; those not given are left out. */
export function certificateSources(options: ServerOptions, serving: () => string): CertificateSource[] {
  const { authentication, store, tls } = options;
  const etcd = store.engine === 'etcd' ? store : undefined;
  const sources: CertificateSource[] = [
    { use: 'Serving certificate', flag: 'tls-cert-file', file: tls.certFile, pem: serving },
    { use: 'CA of client certificates', flag: 'client-ca-file', file: authentication.clientCaFile },
    {
      use: 'CA of front proxies',
      flag: 'requestheader-client-ca-file',
      file: authentication.requestHeader.clientCaFile,
    },
    {
      use: 'Client certificate for extension servers',
      flag: 'proxy-client-cert-file',
      file: options.proxyClientCertFile,
    },
    {
      use: 'CA that signs certificate requests',
      flag: 'cluster-signing-cert-file',
      file: options.clusterSigningCertFile,
    },
    { use: 'Root CA that pods are given', flag: 'root-ca-file', file: options.rootCaFile },
    {
      use: 'CA of the OIDC issuer',
      flag: 'oidc-ca-file',
      file: authentication.oidc.caFile,
    },
    { use: 'CA of etcd', flag: 'etcd-cafile', file: etcd?.caFile ?? '' },
    { use: 'Client certificate for etcd', flag: 'etcd-certfile', file: etcd?.certFile ?? '' },
  ];
  return sources.filter(({ file }) => file !== '');
}
