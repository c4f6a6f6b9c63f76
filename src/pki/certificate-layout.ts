import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A CA of a folder: its certificates (several while it is being exchanged), and its key where it is kept here. */
export interface AuthoritySlot {
  name: string;
  certFile: string;
  keyFile: string;
  /** What stops working when it expires. */
  breaks: string;
}

/** A certificate that a folder is meant to hold: a pair of files, or what a kubeconfig shows to the server. */
export interface CertificateSlot {
  name: string;
  kind: 'certificate' | 'kubeconfig';
  /** For a kubeconfig, the kubeconfig. */
  certFile: string;
  keyFile: string;
  /** The name of the CA that issues it. */
  authority: string;
  breaks: string;
  /** Who has read it and must be restarted to take a new one. */
  restart: readonly string[];
  /** Certificates of one name are two ends of the same talk, or belong to the same user. */
  set: string;
}

/** Which certificates a folder is meant to hold. */
export interface CertificateLayout {
  kind: 'sallyport' | 'kubeadm';
  /** The folder, as it is spoken of. */
  folder: string;
  certificates: readonly CertificateSlot[];
  authorities: readonly AuthoritySlot[];
  /** Where copies of what is replaced go. */
  backups: string;
  /** Where certificates handed out for emergencies are noted. */
  breakGlassList: string;
  /** Where an exchange of a CA is noted. */
  rotations: string;
  /** A kubeconfig of an administrator, for where the server is. */
  adminKubeconfig: string;
}

/** The folder of `sallyport up` (cluster-folder.ts). */
export function sallyportLayout(dataDir: string): CertificateLayout {
  const folder = resolve(dataDir);
  const pki = join(folder, 'pki');
  const pair = (name: string) => ({
    certFile: join(pki, `${name}.crt`),
    keyFile: join(pki, `${name}.key`),
  });
  const admin = join(folder, 'admin.kubeconfig');
  return {
    kind: 'sallyport',
    folder,
    certificates: [
      {
        name: 'admin.kubeconfig',
        kind: 'kubeconfig',
        certFile: admin,
        keyFile: admin,
        authority: 'ca',
        breaks: "kubectl with this kubeconfig gets Unauthorized: you can't administer the cluster",
        restart: [],
        set: 'kubernetes-admin',
      },
      {
        name: 'apiserver',
        kind: 'certificate',
        ...pair('apiserver'),
        authority: 'ca',
        breaks: 'every client refuses to talk to the API server (x509: certificate has expired)',
        restart: [],
        set: 'apiserver',
      },
      {
        name: 'front-proxy-client',
        kind: 'certificate',
        ...pair('front-proxy-client'),
        authority: 'front-proxy-ca',
        breaks: 'aggregated APIs (such as metrics.k8s.io) refuse what the API server passes on',
        restart: [],
        set: 'front-proxy',
      },
    ],
    authorities: [
      { name: 'ca', ...pair('ca'), breaks: CA_BREAKS },
      { name: 'front-proxy-ca', ...pair('front-proxy-ca'), breaks: FRONT_PROXY_CA_BREAKS },
    ],
    ...kept(pki, join(folder, 'backup')),
    adminKubeconfig: admin,
  };
}

const CA_BREAKS = 'everything that it issued: no client can verify the server, no client certificate counts';
const FRONT_PROXY_CA_BREAKS = 'aggregated APIs stop trusting the API server';
const ETCD_CA_BREAKS = 'etcd and the API server no longer trust each other: the cluster stops';

function kept(
  pki: string,
  backups: string,
): Pick<CertificateLayout, 'backups' | 'breakGlassList' | 'rotations'> {
  return {
    backups,
    breakGlassList: join(pki, 'break-glass.json'),
    rotations: join(pki, 'ca-rotation.json'),
  };
}

const APISERVER = 'kube-apiserver';
const ETCD = 'etcd';

/**
 * A kubeadm host's folders, with kubeadm's names (cmd/kubeadm/app/phases/certs/certlist.go, phases/certs/renewal/manager.go).
 * Where etcd runs elsewhere, its own certificates are left out, as kubeadm does by its configuration; so is what only
 * some hosts have (super-admin.conf, kubelet.conf).
 */
export function kubeadmLayout(certDir: string, kubeconfigDir: string): CertificateLayout {
  const pki = resolve(certDir);
  const configs = resolve(kubeconfigDir);
  const pair = (base: string) => ({
    certFile: join(pki, `${base}.crt`),
    keyFile: join(pki, `${base}.key`),
  });
  const certificate = (
    name: string,
    base: string,
    authority: string,
    set: string,
    restart: readonly string[],
    breaks: string,
  ): CertificateSlot => ({ name, kind: 'certificate', ...pair(base), authority, breaks, restart, set });
  const kubeconfig = (
    name: string,
    set: string,
    restart: readonly string[],
    breaks: string,
  ): CertificateSlot => ({
    name,
    kind: 'kubeconfig',
    certFile: join(configs, name),
    keyFile: join(configs, name),
    authority: 'ca',
    breaks,
    restart,
    set,
  });
  const localEtcd = ['ca', 'server', 'peer', 'healthcheck-client'].some((name) =>
    existsSync(pair(`etcd/${name}`).certFile),
  );
  const optional = (name: string): boolean => existsSync(join(configs, name));
  const certificates = [
    kubeconfig(
      'admin.conf',
      'kubernetes-admin',
      [],
      "kubectl with admin.conf, and copies of it such as ~/.kube/config, get Unauthorized: you can't administer the cluster",
    ),
    certificate(
      'apiserver',
      'apiserver',
      'ca',
      'apiserver',
      [APISERVER],
      'every client refuses to talk to kube-apiserver (x509: certificate has expired)',
    ),
    ...(localEtcd || existsSync(pair('apiserver-etcd-client').certFile)
      ? [
          certificate(
            'apiserver-etcd-client',
            'apiserver-etcd-client',
            'etcd-ca',
            ETCD,
            [APISERVER],
            "kube-apiserver can't reach etcd: the API stops",
          ),
        ]
      : []),
    certificate(
      'apiserver-kubelet-client',
      'apiserver-kubelet-client',
      'ca',
      'apiserver-kubelet-client',
      [APISERVER],
      'kubectl logs, exec, attach, port-forward and top of nodes fail: kubelets refuse kube-apiserver',
    ),
    kubeconfig(
      'controller-manager.conf',
      'controller-manager',
      ['kube-controller-manager'],
      'nothing is reconciled: no new pods of Deployments, no ServiceAccount tokens, no garbage collection',
    ),
    ...(localEtcd
      ? [
          certificate(
            'etcd-healthcheck-client',
            'etcd/healthcheck-client',
            'etcd-ca',
            ETCD,
            [ETCD],
            "probes of etcd fail, and kubelet restarts etcd's pod over and over",
          ),
          certificate(
            'etcd-peer',
            'etcd/peer',
            'etcd-ca',
            ETCD,
            [ETCD],
            'members of etcd refuse each other: with several of them, quorum is lost',
          ),
          certificate(
            'etcd-server',
            'etcd/server',
            'etcd-ca',
            ETCD,
            [ETCD],
            'kube-apiserver refuses to talk to etcd: the API stops',
          ),
        ]
      : []),
    certificate(
      'front-proxy-client',
      'front-proxy-client',
      'front-proxy-ca',
      'front-proxy',
      [APISERVER],
      'aggregated APIs (such as metrics.k8s.io) refuse what kube-apiserver passes on',
    ),
    ...(optional('kubelet.conf')
      ? [
          kubeconfig(
            'kubelet.conf',
            'kubelet',
            ['kubelet'],
            'this node turns NotReady, and its pods are not looked after; kubelet renews it itself while it is good',
          ),
        ]
      : []),
    kubeconfig(
      'scheduler.conf',
      'scheduler',
      ['kube-scheduler'],
      'new pods stay Pending: nothing is scheduled',
    ),
    ...(optional('super-admin.conf')
      ? [
          kubeconfig(
            'super-admin.conf',
            'kubernetes-super-admin',
            [],
            'the way in past RBAC is closed, for when RBAC itself is broken',
          ),
        ]
      : []),
  ];
  return {
    kind: 'kubeadm',
    folder: pki,
    certificates,
    authorities: [
      { name: 'ca', ...pair('ca'), breaks: CA_BREAKS },
      ...(localEtcd ? [{ name: 'etcd-ca', ...pair('etcd/ca'), breaks: ETCD_CA_BREAKS }] : []),
      { name: 'front-proxy-ca', ...pair('front-proxy-ca'), breaks: FRONT_PROXY_CA_BREAKS },
    ],
    ...kept(pki, join(configs, 'sallyport-backup')),
    adminKubeconfig: join(configs, 'admin.conf'),
  };
}
