import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type CertificateLayout, kubeadmLayout, sallyportLayout } from '../../pki/certificate-layout.ts';

/** Which folder a command is about. */
export interface FolderFlags {
  dataDir?: string;
  certDir?: string;
  kubeconfigDir?: string;
}

const CERT_DIR = '/etc/kubernetes/pki';
const KUBECONFIG_DIR = '/etc/kubernetes';
const DATA_DIR = './sallyport-data';

export function withFolderFlags(command: Command): Command {
  return command
    .option('--data-dir <folder>', `the folder of a sallyport up (${DATA_DIR} where it is there)`)
    .option('--cert-dir <folder>', `the certificates of a kubeadm host (${CERT_DIR} where it is there)`)
    .option(
      '--kubeconfig-dir <folder>',
      `the kubeconfigs of a kubeadm host (${KUBECONFIG_DIR}, or the folder above --cert-dir)`,
    );
}

/** The folder that the flags name, or the one that is there; undefined where there is none. Throws where they contradict. */
export function layoutOf(flags: FolderFlags): CertificateLayout | undefined {
  if (flags.dataDir !== undefined && (flags.certDir !== undefined || flags.kubeconfigDir !== undefined))
    throw new Error(
      '--data-dir names a folder of Sallyport, --cert-dir and --kubeconfig-dir one of kubeadm: give one of them',
    );
  if (flags.dataDir !== undefined) {
    if (!existsSync(join(flags.dataDir, 'pki')))
      throw new Error(`${flags.dataDir} is no folder of sallyport up: there is no pki folder in it`);
    return sallyportLayout(flags.dataDir);
  }
  if (flags.certDir !== undefined || flags.kubeconfigDir !== undefined) {
    const certDir = flags.certDir ?? join(flags.kubeconfigDir!, 'pki');
    if (!existsSync(certDir)) throw new Error(`there is no folder ${certDir}`);
    return kubeadmLayout(
      certDir,
      flags.kubeconfigDir ?? (certDir === CERT_DIR ? KUBECONFIG_DIR : join(certDir, '..')),
    );
  }
  if (existsSync(join(DATA_DIR, 'pki'))) return sallyportLayout(DATA_DIR);
  if (existsSync(CERT_DIR)) return kubeadmLayout(CERT_DIR, KUBECONFIG_DIR);
  return undefined;
}

/** As `layoutOf`, for commands that can't do without. */
export function requiredLayout(flags: FolderFlags): CertificateLayout {
  const layout = layoutOf(flags);
  if (layout) return layout;
  throw new Error(
    `there is neither ${DATA_DIR} nor ${CERT_DIR} here: name the folder by --data-dir (sallyport up) or --cert-dir (kubeadm)`,
  );
}
