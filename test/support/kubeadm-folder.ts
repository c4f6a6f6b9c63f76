import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfigText } from '../../src/pki/kubeconfig.ts';

/** When something made by openssl is to begin, and for how many days. */
export interface Life {
  /** As faketime takes it: `-3 years`; empty for now. */
  begins: string;
  days: number;
}

export const GOOD: Life = { begins: '', days: 365 };
/** Expired for about two years. */
export const EXPIRED: Life = { begins: '-1095 days', days: 365 };

interface Leaf {
  file: string;
  ca: string;
  subject: string;
  usages: string;
  names?: string;
}

const SERVER_NAMES =
  'DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:node1,IP:127.0.0.1,IP:10.96.0.1';
const LEAVES: readonly Leaf[] = [
  { file: 'apiserver', ca: 'ca', subject: '/CN=kube-apiserver', usages: 'serverAuth', names: SERVER_NAMES },
  {
    file: 'apiserver-kubelet-client',
    ca: 'ca',
    subject: '/O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client',
    usages: 'clientAuth',
  },
  {
    file: 'front-proxy-client',
    ca: 'front-proxy-ca',
    subject: '/CN=front-proxy-client',
    usages: 'clientAuth',
  },
  {
    file: 'apiserver-etcd-client',
    ca: 'etcd/ca',
    subject: '/CN=kube-apiserver-etcd-client',
    usages: 'clientAuth',
  },
  {
    file: 'etcd/server',
    ca: 'etcd/ca',
    subject: '/CN=node1',
    usages: 'serverAuth,clientAuth',
    names: 'DNS:localhost,DNS:node1,IP:127.0.0.1',
  },
  {
    file: 'etcd/peer',
    ca: 'etcd/ca',
    subject: '/CN=node1',
    usages: 'serverAuth,clientAuth',
    names: 'DNS:localhost,DNS:node1,IP:127.0.0.1',
  },
  {
    file: 'etcd/healthcheck-client',
    ca: 'etcd/ca',
    subject: '/CN=kube-etcd-healthcheck-client',
    usages: 'clientAuth',
  },
];
const USERS: readonly (readonly [file: string, user: string, subject: string])[] = [
  ['admin.conf', 'kubernetes-admin', '/O=kubeadm:cluster-admins/CN=kubernetes-admin'],
  ['super-admin.conf', 'kubernetes-super-admin', '/O=system:masters/CN=kubernetes-super-admin'],
  ['controller-manager.conf', 'system:kube-controller-manager', '/CN=system:kube-controller-manager'],
  ['scheduler.conf', 'system:kube-scheduler', '/CN=system:kube-scheduler'],
];

/** A host's /etc/kubernetes as kubeadm lays it out, made by openssl with RSA keys as kubeadm has them. */
export class KubeadmFolder {
  readonly folder: string;
  readonly pki: string;

  constructor(folder: string) {
    this.folder = folder;
    this.pki = join(folder, 'pki');
    mkdirSync(join(this.pki, 'etcd'), { recursive: true });
  }

  /** Makes everything, the CAs and what they issue each with a life of its own. */
  make(server: string, leaves: Life = GOOD, authorities: Life = { begins: '-1100 days', days: 3650 }): void {
    for (const [file, name] of [
      ['ca', 'kubernetes'],
      ['etcd/ca', 'etcd-ca'],
      ['front-proxy-ca', 'front-proxy-ca'],
    ] as const)
      this.authority(file, name, authorities);
    this.issue(server, leaves);
    openssl(GOOD, ['genrsa', '-out', join(this.pki, 'sa.key'), '2048']);
    openssl(GOOD, ['rsa', '-in', join(this.pki, 'sa.key'), '-pubout', '-out', join(this.pki, 'sa.pub')]);
  }

  /** Makes everything but the CAs. */
  issue(server: string, life: Life): void {
    for (const leaf of LEAVES) this.leaf(leaf, life);
    for (const [file, user, subject] of USERS) this.kubeconfig(file, user, subject, server, life);
  }

  /** The same CAs, their keys too, for another time. */
  datedAuthorities(life: Life): void {
    for (const file of ['ca', 'etcd/ca', 'front-proxy-ca']) {
      const at = join(this.pki, file);
      const text = [
        ...['x509', '-in', `${at}.crt`, '-signkey', `${at}.key`],
        ...['-days', String(life.days)],
      ];
      openssl(life, [...text, '-out', `${at}.dated`]);
      execFileSync('mv', [`${at}.dated`, `${at}.crt`]);
    }
  }

  /** Flags of an API server that runs on these files. */
  flags(port: number): string[] {
    const at = (name: string): string => join(this.pki, name);
    return [
      `--data-dir=${join(this.folder, 'data')}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${at('apiserver.crt')}`,
      `--tls-private-key-file=${at('apiserver.key')}`,
      `--client-ca-file=${at('ca.crt')}`,
      `--root-ca-file=${at('ca.crt')}`,
      `--cluster-signing-cert-file=${at('ca.crt')}`,
      `--cluster-signing-key-file=${at('ca.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${at('sa.pub')}`,
      `--service-account-signing-key-file=${at('sa.key')}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=Node,RBAC',
    ];
  }

  authority(file: string, name: string, life: Life): void {
    const at = join(this.pki, file);
    const extensions = [
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign',
      `subjectAltName=DNS:${name}`,
    ];
    openssl(life, [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${at}.key`, '-out', `${at}.crt`],
      ...['-subj', `/CN=${name}`, '-days', String(life.days), '-config', '/dev/null'],
      ...extensions.flatMap((one) => ['-addext', one]),
    ]);
  }

  leaf({ file, ca, subject, usages, names }: Leaf, life: Life): void {
    const at = join(this.pki, file);
    const extensions = `${at}.ext`;
    writeFileSync(
      extensions,
      `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=${usages}\n${names ? `subjectAltName=${names}\n` : ''}`,
    );
    openssl(life, [
      ...[
        'req',
        '-new',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        `${at}.key`,
        '-out',
        `${at}.csr`,
        '-subj',
        subject,
      ],
      ...['-config', '/dev/null'],
    ]);
    openssl(life, [
      ...[
        'x509',
        '-req',
        '-in',
        `${at}.csr`,
        '-CA',
        join(this.pki, `${ca}.crt`),
        '-CAkey',
        join(this.pki, `${ca}.key`),
      ],
      ...['-CAcreateserial', '-days', String(life.days), '-extfile', extensions, '-out', `${at}.crt`],
    ]);
    execFileSync('rm', [extensions, `${at}.csr`]);
  }

  kubeconfig(file: string, user: string, subject: string, server: string, life: Life): void {
    this.leaf({ file: `made-${user.replaceAll(':', '-')}`, ca: 'ca', subject, usages: 'clientAuth' }, life);
    const made = join(this.pki, `made-${user.replaceAll(':', '-')}`);
    const text = kubeconfigText({
      cluster: 'kubernetes',
      user,
      server,
      ca: readFileSync(join(this.pki, 'ca.crt'), 'utf8'),
      certificate: readFileSync(`${made}.crt`, 'utf8'),
      key: readFileSync(`${made}.key`, 'utf8'),
    });
    writeFileSync(join(this.folder, file), text, { mode: 0o600 });
    execFileSync('rm', [`${made}.crt`, `${made}.key`]);
  }
}

function openssl({ begins }: Life, args: readonly string[]): void {
  const command = begins ? ['faketime', begins, 'openssl', ...args] : ['openssl', ...args];
  execFileSync(command[0]!, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
}
