import type { ReloadReport } from '../../meta/watched-files.ts';
import type { KeySet } from './keys.ts';
import type { SigningKey } from './signer.ts';

/** Something made of files, as `WatchedFiles` is. */
interface Source<T> {
  current(): T;
  onChange(handler: (value: T) => void): () => void;
}

/**
 * The key that new ServiceAccount tokens are signed with. A new one counts once its public half is among the keys that
 * tokens are verified by; until then the old one goes on signing, as nobody would take the new one's tokens.
 */
export class SigningPair {
  readonly #path: string;
  readonly #key: Source<SigningKey>;
  readonly #keys: Source<KeySet>;
  readonly #report: ReloadReport;
  readonly #stops: (() => void)[] = [];
  #inForce: SigningKey;

  /** @param path of the signing key, for messages */
  constructor(path: string, key: Source<SigningKey>, keys: Source<KeySet>, report: ReloadReport) {
    this.#path = path;
    this.#key = key;
    this.#keys = keys;
    this.#report = report;
    // What a server starts with is the operator's word, as it is kube-apiserver's.
    this.#inForce = key.current();
  }

  current(): SigningKey {
    return this.#inForce;
  }

  start(): void {
    this.#look();
    this.#stops.push(
      this.#key.onChange(() => this.#look()),
      this.#keys.onChange(() => this.#look()),
    );
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #look(): void {
    const next = this.#key.current();
    if (this.#keys.current().find(next.kid).length > 0) {
      this.#inForce = next;
      return;
    }
    this.#report.bad?.(
      this.#path,
      new Error(
        next === this.#inForce
          ? 'its public half is in no --service-account-key-file: tokens signed with it are refused'
          : 'its public half is in no --service-account-key-file yet: the key before goes on signing',
      ),
    );
  }
}
