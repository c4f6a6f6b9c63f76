import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ClusterFolder, ensureClusterFolder } from '../../src/pki/cluster-folder.ts';
import { freePort } from './up.ts';

const MAIN = resolve(process.env['SALLYPORT_OUT'] ?? 'dist', 'cli/main.js');

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  /** Objects are sent as JSON, texts as they are. */
  body?: unknown;
  token?: string;
  /** In PEM, in place of the administrator's. */
  certificate?: { cert: string; key: string };
  /** Without a certificate or token, so as nobody. */
  anonymous?: boolean;
}

export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** `sallyport apiserver` with flags of the test's own, over certificates as `sallyport up` makes them. */
export class Apiserver {
  readonly folder: string;
  readonly port: number;
  readonly paths: ClusterFolder;
  readonly #ca: string;
  readonly #admin: { cert: string; key: string };
  #child: ChildProcess | undefined;
  /** What it wrote to standard output and standard error. */
  output = '';

  private constructor(folder: string, port: number, paths: ClusterFolder) {
    this.folder = folder;
    this.port = port;
    this.paths = paths;
    this.#ca = readFileSync(paths.ca.certFile, 'utf8');
    const kubeconfig = readFileSync(paths.kubeconfig, 'utf8');
    const data = (name: string): string =>
      Buffer.from(new RegExp(`${name}: (\\S+)`).exec(kubeconfig)![1]!, 'base64').toString();
    this.#admin = { cert: data('client-certificate-data'), key: data('client-key-data') };
  }

  /** Makes the folder and what is in it; nothing runs yet. */
  static async prepare(): Promise<Apiserver> {
    if (!existsSync(MAIN)) throw new Error('dist/ is missing: run npm run build first');
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    const port = await freePort();
    const { paths } = await ensureClusterFolder(folder, `https://127.0.0.1:${port}`, Date.now());
    return new Apiserver(folder, port, paths);
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get kubeconfig(): string {
    return this.paths.kubeconfig;
  }

  /** Later flags win over these, which are as `sallyport up` has them. */
  flags(own: readonly string[]): string[] {
    const { paths, folder, port } = this;
    const named = new Set(own.map((flag) => flag.split('=')[0]));
    return [
      `--data-dir=${folder}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${paths.apiserver.certFile}`,
      `--tls-private-key-file=${paths.apiserver.keyFile}`,
      `--client-ca-file=${paths.ca.certFile}`,
      `--root-ca-file=${paths.ca.certFile}`,
      `--cluster-signing-cert-file=${paths.ca.certFile}`,
      `--cluster-signing-key-file=${paths.ca.keyFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${paths.serviceAccounts.publicKeyFile}`,
      `--service-account-signing-key-file=${paths.serviceAccounts.keyFile}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=Node,RBAC',
      '--enable-bootstrap-token-auth',
    ]
      .filter((flag) => !named.has(flag.split('=')[0]))
      .concat(own);
  }

  /** Resolves once it is ready. */
  async run(flags: readonly string[]): Promise<void> {
    const child = this.#spawn(flags);
    for (const deadline = Date.now() + 30_000; ; ) {
      const ready = await this.ask('/readyz').catch(() => undefined);
      if (ready?.status === 200) return;
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the server did not become ready:\n${this.output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Runs it where it is to refuse; resolves to its exit code. */
  async refuse(flags: readonly string[]): Promise<number | null> {
    const child = this.#spawn(flags);
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const code = await new Promise<number | null>((done) => child.once('close', done));
    clearTimeout(timer);
    return code;
  }

  #spawn(flags: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [MAIN, 'apiserver', ...this.flags(flags)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    return child;
  }

  /** As the administrator, unless told otherwise. */
  ask(
    path: string,
    { method = 'GET', headers = {}, body, token, certificate, anonymous }: Asked = {},
  ): Promise<Answered> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const options: RequestOptions = {
      host: '127.0.0.1',
      port: this.port,
      method,
      path,
      ca: this.#ca,
      agent: new Agent({ keepAlive: false }),
      headers: {
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(token === undefined && !anonymous ? (certificate ?? this.#admin) : {}),
    };
    return new Promise((done, fail) => {
      const sent = request(options, (answer) => {
        let read = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          read += chunk;
        });
        answer.on('end', () => done({ status: answer.statusCode!, headers: answer.headers, body: read }));
        answer.on('error', fail);
      });
      sent.on('upgrade', (answer, socket) => {
        socket.destroy();
        done({ status: answer.statusCode!, headers: answer.headers, body: '' });
      });
      sent.on('error', fail);
      sent.end(text);
    });
  }

  /** Waits until its output holds a text. */
  async says(text: string): Promise<void> {
    for (const deadline = Date.now() + 90_000; !this.output.includes(text); ) {
      if (Date.now() > deadline) throw new Error(`it never said ${text}:\n${this.output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
