import { readFileSync } from 'node:fs';
import { LAST_USED_LABEL } from '../controllers/legacy-token-labels.ts';
import type { LegacyTokenMaker } from '../controllers/token-secrets.ts';
import type { GroupResource, KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import { type Files, nodeFiles, type ReloadReport, WatchedFiles } from '../meta/watched-files.ts';
import type { ObjectClient } from '../registry/client.ts';
import { AnonymousAuthenticator } from './anonymous.ts';
import { forApiAudiences } from './audiences.ts';
import type { RequestAuthenticator, TokenAuthenticator } from './authenticator.ts';
import { BearerAuthenticator } from './bearer.ts';
import { BootstrapTokenAuthenticator } from './bootstrap-token.ts';
import { AuthenticationChain } from './chain.ts';
import { type AuthenticationOptions, apiAudiencesOf, StartupRefusal } from './flags.ts';
import { credentialHeaders, FrontProxyAuthenticator } from './front-proxy.ts';
import { parseCertificateLists } from './revocation/certificate-list.ts';
import { DenyList } from './revocation/deny-list.ts';
import { type RevocationLists, revocationLists } from './revocation/revocation-lists.ts';
import { createServiceAccountAuthenticator } from './service-account/authenticator.ts';
import { KeySet, parsePrivateKeyPem, parsePublicKeysPem } from './service-account/keys.ts';
import { legacyTokenMaker } from './service-account/legacy-token.ts';
import { day } from './service-account/legacy-validator.ts';
import type { BoundResource } from './service-account/objects.ts';
import { signingKey, TokenSigner } from './service-account/signer.ts';
import { SigningPair } from './service-account/signing-pair.ts';
import { TokenCache } from './token-cache.ts';
import { TokenChain } from './token-chain.ts';
import { parseTokenFile, TokenFileAuthenticator } from './token-file.ts';
import { WebSocketBearerAuthenticator } from './websocket-bearer.ts';
import { CertificatePool } from './x509/pool.ts';
import { ClientCertificateAuthenticator } from './x509.ts';

/** What authentication needs beside its flags. */
export interface AuthenticationDependencies {
  /** Reads the objects that tokens rest on, and labels the Secrets of legacy tokens. */
  client: ObjectClient;
  /** JWT authenticators (`--oidc-*`, `jwt` of AuthenticationConfiguration). */
  jwt?: TokenAuthenticator;
  /** `--authentication-token-webhook-config-file` */
  webhook?: TokenAuthenticator;
  /** `anonymous` of AuthenticationConfiguration, in place of `--anonymous-auth`. */
  anonymous?: { enabled: boolean; paths: readonly string[] };
  /** Whether to read the store where the watch cache lacks an object: right when other replicas write too. */
  readLive?: boolean;
  files?: Files;
  report?: ReloadReport;
  /** Whether a remembered token is forgotten the moment what it rests on goes, and not only after 10 s. Default true. */
  forgetAtOnce?: boolean;
}

/** The first door and what belongs to it. */
export interface Authentication {
  chain: AuthenticationChain;
  /** Remembered tokens; `clear()` it when a JWT authenticator or webhook is replaced. */
  tokens: TokenCache;
  apiAudiences: readonly string[];
  keys: WatchedFiles<KeySet>;
  signer: TokenSigner;
  /** For the controller that fills token Secrets. */
  makeLegacyToken: LegacyTokenMaker;
  /** Whether a header, by its lower-case name, must be taken off a request that got in. */
  isCredentialHeader(header: string): boolean;
  /** PEM of `--client-ca-file` and `--requestheader-client-ca-file`, which clients are told to choose a certificate by. */
  clientAuthorities: readonly WatchedFiles<CertificatePool>[];
  /** Credentials refused though their authenticator takes them; whoever knows them fills it. */
  revoked: DenyList;
  /** The lists of `--client-ca-crl-file`. */
  revocationLists: WatchedFiles<RevocationLists> | undefined;
  /**
   * Calls back when authorities, revocation lists or keys have changed, with the names of the authenticators that judge by
   * them: whom they let in may not be let in now. Returns the way to stop.
   */
  onTrustChange(handler: (authenticators: readonly string[]) => void): () => void;
  /** Begins to follow files and objects. */
  start(): void;
  stop(): void;
}

const core = (resource: string): GroupResource => ({ group: '', resource });
const FOLLOWED: readonly BoundResource[] = ['serviceaccounts', 'secrets', 'pods', 'nodes'];

/**
 * Makes the chain in kube-apiserver's order (pkg/kubeapiserver/authenticator/config.go) from flags that
 * `assertAuthenticationOptions` has passed. Throws StartupRefusal for files that cannot be used.
 */
export function createAuthentication(
  options: AuthenticationOptions,
  dependencies: AuthenticationDependencies,
): Authentication {
  const files = dependencies.files ?? nodeFiles;
  const { client, report = {} } = dependencies;
  const apiAudiences = apiAudiencesOf(options);
  const watched: { start(): unknown; stop(): void }[] = [];
  const watch = <T>(
    paths: readonly string[],
    make: (contents: readonly string[]) => T,
    from: Files = files,
  ): WatchedFiles<T> => {
    const made = refuseStart(() => new WatchedFiles(paths, make, { files: from, report }));
    watched.push(made);
    return made;
  };

  const key = watch([options.serviceAccounts.signingKeyFile], ([pem]) =>
    orElse(
      () => signingKey(parsePrivateKeyPem(pem!)),
      (why) =>
        `failed to parse service-account-issuer-key-file: error reading private key file ${options.serviceAccounts.signingKeyFile}: ${why}`,
    ),
  );
  const clientAuthorities = options.clientCaFile
    ? watch([options.clientCaFile], poolOf('client-ca-bundle', options.clientCaFile))
    : undefined;
  const proxyAuthorities = options.requestHeader.clientCaFile
    ? watch(
        [options.requestHeader.clientCaFile],
        poolOf('request-header', options.requestHeader.clientCaFile),
      )
    : undefined;
  let listsBefore: RevocationLists | undefined;
  const lists = options.clientCaCrlFiles.length
    ? watch(
        options.clientCaCrlFiles,
        (contents) => {
          const pools = [clientAuthorities, proxyAuthorities].flatMap((pool) => pool?.current() ?? []);
          const parsed = contents.flatMap((content, i) =>
            orElse(
              () => parseCertificateLists(content),
              (why) => `unable to load --client-ca-crl-file ${options.clientCaCrlFiles[i]}: ${why}`,
            ),
          );
          listsBefore = orElse(
            () => revocationLists(parsed, pools, options.clientCaCrlStale, listsBefore?.all),
            (why) => `unable to use --client-ca-crl-file ${options.clientCaCrlFiles.join(',')}: ${why}`,
          );
          return listsBefore;
        },
        dependencies.files ?? BINARY_FILES,
      )
    : undefined;
  refuseOverlap(options, clientAuthorities?.current(), proxyAuthorities?.current());
  const keys = watch(
    options.serviceAccounts.keyFiles,
    (pems) =>
      new KeySet(
        pems.flatMap((pem, i) =>
          orElse(
            () => parsePublicKeysPem(pem),
            (why) => `error reading public key file ${options.serviceAccounts.keyFiles[i]}: ${why}`,
          ),
        ),
      ),
  );
  const tokenFile = options.tokenAuthFile
    ? watch([options.tokenAuthFile], ([text]) => parseTokenFile(text!, options.tokenAuthFile))
    : undefined;

  const kinds: TokenAuthenticator[] = [];
  if (tokenFile) kinds.push(forApiAudiences(apiAudiences, new TokenFileAuthenticator(tokenFile)));
  kinds.push(
    createServiceAccountAuthenticator({
      issuers: options.serviceAccounts.issuers,
      keys,
      apiAudiences,
      lookup: options.serviceAccounts.lookup,
      objects: {
        listers: {
          serviceaccounts: client.lister(core('serviceaccounts'))!,
          secrets: client.lister(core('secrets'))!,
          pods: client.lister(core('pods'))!,
          nodes: client.lister(core('nodes'))!,
        },
        ...(dependencies.readLive ? { live: readLive(client) } : {}),
      },
      noteUse: (secret, now) => noteUse(client, secret, now),
    }),
  );
  if (options.enableBootstrapTokenAuth) {
    const secrets = client.lister(core('secrets'))!;
    kinds.push(forApiAudiences(apiAudiences, new BootstrapTokenAuthenticator(secrets)));
  }
  if (dependencies.jwt) kinds.push(forApiAudiences(apiAudiences, dependencies.jwt));
  if (dependencies.webhook) kinds.push(dependencies.webhook);
  const tokens = new TokenCache(new TokenChain(kinds));

  const revoked = new DenyList();
  const steps: RequestAuthenticator[] = [];
  if (proxyAuthorities) {
    steps.push(
      new FrontProxyAuthenticator({
        ...options.requestHeader,
        authorities: proxyAuthorities,
        revoked: lists,
      }),
    );
  }
  if (clientAuthorities) steps.push(new ClientCertificateAuthenticator(clientAuthorities, lists));
  steps.push(new BearerAuthenticator(tokens), new WebSocketBearerAuthenticator(tokens));
  const anonymous = dependencies.anonymous ?? { enabled: options.anonymousAuth ?? true, paths: [] };
  const chain = new AuthenticationChain(
    steps,
    anonymous.enabled ? new AnonymousAuthenticator(anonymous.paths) : undefined,
    revoked,
  );
  const signing = new SigningPair(options.serviceAccounts.signingKeyFile, key, keys, report);

  const stops: (() => void)[] = [];
  const trustHandlers = new Set<(authenticators: readonly string[]) => void>();
  return {
    chain,
    tokens,
    apiAudiences,
    keys,
    signer: new TokenSigner(options.serviceAccounts.issuers[0] ?? '', signing),
    makeLegacyToken: legacyTokenMaker(signing),
    isCredentialHeader: credentialHeaders(proxyAuthorities ? options.requestHeader : undefined),
    clientAuthorities: [clientAuthorities, proxyAuthorities].filter((pool) => pool !== undefined),
    revoked,
    revocationLists: lists,
    onTrustChange(handler) {
      trustHandlers.add(handler);
      return () => trustHandlers.delete(handler);
    },
    start() {
      for (const source of watched) source.start();
      signing.start();
      const changed = (...authenticators: string[]): void => {
        for (const handler of trustHandlers) handler(authenticators);
      };
      const pool = (): void => {
        // A list that nobody vouched for may be good by now.
        lists?.reload();
        changed('x509', 'front-proxy');
      };
      for (const source of [clientAuthorities, proxyAuthorities])
        if (source) stops.push(source.onChange(pool));
      if (lists) stops.push(lists.onChange(() => changed('x509', 'front-proxy')));
      const forget = (authenticator: string) => () => {
        tokens.clear();
        changed(authenticator);
      };
      stops.push(keys.onChange(forget('service-account')));
      if (tokenFile) stops.push(tokenFile.onChange(forget('token-file')));
      if (dependencies.forgetAtOnce === false) return;
      for (const resource of FOLLOWED)
        stops.push(tokens.follow(core(resource), client.lister(core(resource))!));
    },
    stop() {
      signing.stop();
      for (const source of watched) source.stop();
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** Lists may be DER: a character stands for each byte. */
const BINARY_FILES: Files = { ...nodeFiles, read: (path) => readFileSync(path, 'latin1') };

/** What cannot be read at the start ends it, in the words Go has for it. */
function refuseStart<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new StartupRefusal(startWords(error));
  }
}

function startWords(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (path === undefined) return message;
  const why: Record<string, string> = {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    ENOTDIR: 'not a directory',
  };
  if (code === 'EISDIR') return `read ${path}: is a directory`;
  return `open ${path}: ${why[code ?? ''] ?? code}`;
}

function orElse<T>(make: () => T, words: (why: string) => string): T {
  try {
    return make();
  } catch (error) {
    throw new Error(words((error as Error).message));
  }
}

const poolOf =
  (purpose: string, path: string) =>
  (contents: readonly string[]): CertificatePool => {
    const pem = contents[0]!;
    if (pem === '') throw new Error(`missing content for CA bundle "${purpose}::${path}"`);
    return orElse(
      () => CertificatePool.fromPem(pem),
      (why) => `unable to load CA bundle "${purpose}::${path}": ${why}`,
    );
  };

/** An ordinary client must not be able to pass for a front proxy. */
function refuseOverlap(
  options: AuthenticationOptions,
  clients: CertificatePool | undefined,
  proxies: CertificatePool | undefined,
): void {
  if (!clients || !proxies || options.requestHeader.allowedNames.length) return;
  if (!clients.certificates.some((certificate) => proxies.has(certificate))) return;
  throw new StartupRefusal(
    '--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified to ensure regular client certificates cannot set authenticating proxy headers for arbitrary users',
  );
}

function readLive(client: ObjectClient) {
  return async (
    resource: BoundResource,
    namespace: string,
    name: string,
  ): Promise<KubeObject | undefined> => {
    try {
      return await client.get(core(resource), namespace, name);
    } catch (error) {
      if (isStatus(error)) return undefined;
      throw error;
    }
  };
}

/** A failure to write the label does not keep anybody out: it is tried again at the token's next use. */
async function noteUse(client: ObjectClient, secret: KubeObject, now: number): Promise<void> {
  const { namespace = '', name = '', uid } = secret.metadata;
  await client.update(core('secrets'), namespace, name, (current) => {
    if (current.metadata.uid !== uid) return false;
    current.metadata.labels = { ...current.metadata.labels, [LAST_USED_LABEL]: day(now) };
    return true;
  });
}
