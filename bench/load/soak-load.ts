import type { Answered, ApiPool } from './api-pool.ts';
import { Latencies } from './latencies.ts';
import type { SoakTruth, Subject } from './soak-truth.ts';

/** Parts of the load, in per cent. */
export const MIX = {
  get: 40,
  list: 4,
  'list by label': 6,
  create: 10,
  update: 10,
  patch: 10,
  delete: 9,
  'watch a while': 1,
  SubjectAccessReview: 5,
  TokenReview: 3,
  TokenRequest: 2,
} as const;
export type Operation = keyof typeof MIX;

const OPERATIONS = Object.keys(MIX) as Operation[];
const TABLE: Operation[] = OPERATIONS.flatMap((name) => new Array<Operation>(MIX[name]).fill(name));
export const NAMESPACES = Array.from({ length: 8 }, (_, i) => `soak-${i}`);
const GROUPS = 10;
/** Objects there are: more are made while there are fewer, and fewer while there are more. */
export const POPULATION = 2000;

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

export interface SoakParts {
  pool: ApiPool;
  truth: SoakTruth;
  tokens: readonly string[];
  /** The ServiceAccount whose tokens are asked for. */
  account: { namespace: string; name: string };
}

/** Mixed requests whose answers are checked against what was answered before. */
export class SoakLoad {
  readonly #parts: SoakParts;
  latencies = new Map<Operation, Latencies>();
  /** Answers that say the server has too much to do. */
  shed = 0;
  running = 0;
  #made = 0;

  constructor(parts: SoakParts) {
    this.#parts = parts;
  }

  /** Takes what was measured since the last time. */
  take(): { latencies: Map<Operation, Latencies>; shed: number } {
    const taken = { latencies: this.latencies, shed: this.shed };
    this.latencies = new Map();
    this.shed = 0;
    return taken;
  }

  async one(operation: Operation = pick(TABLE)): Promise<void> {
    const { truth } = this.#parts;
    this.running++;
    const began = performance.now();
    try {
      const done = await this.#do(this.#balanced(operation));
      if (done === undefined) return;
      const found = this.latencies.get(done) ?? new Latencies();
      this.latencies.set(done, found);
      found.add(performance.now() - began);
    } catch (error) {
      truth.fault(`${operation}: ${(error as Error).message}`);
    } finally {
      this.running--;
    }
  }

  #balanced(operation: Operation): Operation {
    const { size } = this.#parts.truth.subjects;
    if (operation === 'delete' && size < POPULATION * 0.9) return 'create';
    return operation === 'create' && size > POPULATION * 1.1 ? 'delete' : operation;
  }

  #ask(method: string, path: string, body?: object, type?: string): Promise<Answered> {
    return this.#parts.pool.ask(method, path, pick(this.#parts.tokens), body, type);
  }

  /** The answer of a read; undefined where there is too much to do. */
  async #good(method: string, path: string, body?: object): Promise<any> {
    const { status, text } = await this.#ask(method, path, body);
    if (status === 429) {
      this.shed++;
      return undefined;
    }
    if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 200)}`);
    return JSON.parse(text);
  }

  async #do(operation: Operation): Promise<Operation | undefined> {
    const { truth, account } = this.#parts;
    const said = (answer: unknown): Operation | undefined => (answer === undefined ? undefined : operation);
    switch (operation) {
      case 'get':
        return this.#get();
      case 'list':
        return this.#list(operation, '');
      case 'list by label':
        return this.#list(operation, `g${Math.floor(Math.random() * GROUPS)}`);
      case 'create':
        return this.#create();
      case 'update':
      case 'patch':
      case 'delete': {
        const subject = this.#idle();
        return subject && this.#write(operation, subject);
      }
      case 'watch a while':
        return this.#watch();
      case 'SubjectAccessReview': {
        const review = {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: pick(NAMESPACES) } },
        };
        const answer = await this.#good(
          'POST',
          '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          review,
        );
        if (answer && answer.status.allowed !== true) truth.fault('a right is gone');
        return said(answer);
      }
      case 'TokenReview': {
        const review = {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token: pick(this.#parts.tokens) },
        };
        const answer = await this.#good('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review);
        if (answer && answer.status.authenticated !== true) truth.fault('a token is not known any more');
        return said(answer);
      }
      case 'TokenRequest': {
        const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
        const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
        const answer = await this.#good('POST', path, request);
        if (answer && !answer.status.token) truth.fault('a token request was answered without a token');
        return said(answer);
      }
    }
  }

  #idle(): Subject | undefined {
    for (let tries = 0; tries < 10; tries++) {
      const subjects = this.#parts.truth.of(pick(NAMESPACES));
      const subject = subjects.length ? pick(subjects) : undefined;
      if (subject && !subject.busy && subject.exists) return subject;
    }
    return undefined;
  }

  async #get(): Promise<Operation | undefined> {
    const { truth } = this.#parts;
    const subject = this.#idle();
    if (!subject) return undefined;
    const least = subject.version;
    const { status, text } = await this.#ask('GET', pathOf(subject));
    if (status === 429) {
      this.shed++;
      return undefined;
    }
    truth.counts.reads++;
    const gone = !subject.exists || subject.busy;
    if (status === 404 && gone) return 'get';
    if (status !== 200) throw new Error(`GET ${pathOf(subject)}: ${status} ${text.slice(0, 200)}`);
    const shown = Number(JSON.parse(text).data.version);
    if (shown < least || shown > subject.sent)
      truth.fault(`a get of ${subject.name} showed version ${shown}, ${least} was answered before`);
    return 'get';
  }

  async #list(operation: Operation, group: string): Promise<Operation | undefined> {
    const { truth } = this.#parts;
    const namespace = pick(NAMESPACES);
    const before = truth
      .of(namespace)
      .filter((s) => s.exists && !s.busy && (group === '' || s.group === group))
      .map((subject) => ({ subject, least: subject.version }));
    const query = group === '' ? '' : `?labelSelector=group%3D${group}`;
    const answer = await this.#good('GET', `/api/v1/namespaces/${namespace}/configmaps${query}`);
    if (!answer) return undefined;
    truth.counts.reads++;
    const shown = new Map<string, any>(answer.items.map((item: any) => [item.metadata.name, item]));
    for (const { subject, least } of before) {
      const item = shown.get(subject.name);
      if (!item) {
        // Deleted while the list was under way.
        if (subject.exists && !subject.busy && subject.version === least)
          truth.fault(`a list left ${namespace}/${subject.name} out`);
      } else if (Number(item.data.version) < least)
        truth.fault(`a list showed ${subject.name} at ${item.data.version}, ${least} was answered before`);
    }
    if (group !== '' && answer.items.some((item: any) => item.metadata.labels.group !== group))
      truth.fault('a list by label showed what has another label');
    return operation;
  }

  async #create(): Promise<Operation | undefined> {
    const namespace = pick(NAMESPACES);
    const subject: Subject = {
      namespace,
      name: `c-${this.#made++}`,
      group: `g${Math.floor(Math.random() * GROUPS)}`,
      version: 1,
      exists: false,
      busy: true,
      sent: 1,
    };
    this.#parts.truth.add(subject);
    const done = await this.#send('create', subject, () =>
      this.#ask('POST', `/api/v1/namespaces/${namespace}/configmaps`, bodyOf(subject, 1)),
    );
    if (!subject.exists) this.#parts.truth.remove(subject);
    return done;
  }

  async #write(operation: 'update' | 'patch' | 'delete', subject: Subject): Promise<Operation | undefined> {
    subject.busy = true;
    const next = subject.version + 1;
    subject.sent = next;
    const path = pathOf(subject);
    const done = await this.#send(operation, subject, () => {
      if (operation === 'update') return this.#ask('PUT', path, bodyOf(subject, next));
      if (operation === 'delete') return this.#ask('DELETE', path);
      return this.#ask('PATCH', path, { data: { version: String(next) } }, 'application/merge-patch+json');
    });
    if (operation === 'delete' && !subject.exists) this.#parts.truth.remove(subject);
    return done;
  }

  async #send(
    operation: 'create' | 'update' | 'patch' | 'delete',
    subject: Subject,
    ask: () => Promise<Answered>,
  ): Promise<Operation | undefined> {
    const { truth } = this.#parts;
    let answer: Answered;
    try {
      answer = await ask();
    } catch (error) {
      // It stays busy: nobody knows what is there.
      truth.lost(subject);
      throw error;
    }
    if (answer.status === 429) {
      this.shed++;
      subject.sent = subject.version;
      subject.busy = false;
      return undefined;
    }
    if (answer.status > 299) {
      truth.lost(subject);
      throw new Error(`${operation} ${subject.name}: ${answer.status} ${answer.text.slice(0, 200)}`);
    }
    const object = JSON.parse(answer.text);
    subject.version = subject.sent;
    subject.exists = operation !== 'delete';
    subject.busy = false;
    truth.written(subject, operation === 'delete' ? undefined : Number(object.metadata.resourceVersion));
    return operation;
  }

  #watch(): Promise<Operation> {
    const { pool, tokens, truth } = this.#parts;
    return new Promise((resolve) => {
      let events = 0;
      const path = `/api/v1/namespaces/${pick(NAMESPACES)}/configmaps?watch=1&timeoutSeconds=5`;
      const began = performance.now();
      pool.lines(
        path,
        pick(tokens),
        () => {
          if (events++ === 0) {
            const found = this.latencies.get('watch a while') ?? new Latencies();
            this.latencies.set('watch a while', found);
            found.add(performance.now() - began);
          }
        },
        (status) => {
          if (status === 429) this.shed++;
          else if (status !== 200) truth.fault(`a watch was answered with ${status}`);
          resolve('watch a while');
        },
      );
    }).then(() => undefined as never);
  }
}

const pathOf = ({ namespace, name }: Subject): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`;

const bodyOf = ({ name, group }: Subject, version: number): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { group, app: 'soak' } },
  data: { version: String(version), text: 'x'.repeat(400) },
});
