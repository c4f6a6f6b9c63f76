import {
  ACCOUNT_TOKEN,
  clear,
  makeConfigMaps,
  newConfigMap,
  READ,
  tokenRequest,
  WATCH,
  WRITE,
} from './fixture.ts';
import { ownClient, requestsPerSecond } from './load.ts';
import type { RowTitle } from './results.ts';
import type { Subject, Variant } from './subjects.ts';
import type { WatchOutcome, WatchTask } from './watch-client.ts';

export interface Row extends RowTitle {
  variant: Variant;
}

export interface MeasureOptions {
  seconds: number;
  isQuick: boolean;
}

/** Rows that are measured in turn, and so have the bare server's and the other server's samples in common. */
export interface Group {
  rows: readonly Row[];
  /** Makes what is asked for, in a server with an API. */
  prepare?(subject: Subject): Promise<void>;
  /** Has the bare server answer what a Sallyport answers. */
  teach(bare: Subject, like: Subject): Promise<void>;
  /** One sample: the figure of the row. */
  measure(subject: Subject, options: MeasureOptions): Promise<number>;
}

const configMaps = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

/** Reads of one path over and over. */
function reading(path: string, rows: readonly Row[]): Group {
  return {
    rows,
    prepare: ({ api }) => makeConfigMaps(api!),
    async teach(bare, { api }) {
      await bare.answer!({ method: 'GET', path, status: 200, body: await api!.text('GET', path) });
    },
    measure: (subject, { seconds }) => requestsPerSecond({ ...to(subject), method: 'GET', path, seconds }),
  };
}

/** Posts of one object over and over, which leave nothing behind. */
function asking(path: string, object: (subject: Subject) => object, rows: readonly Row[]): Group {
  return {
    rows,
    async teach(bare, like) {
      const body = await like.api!.text('POST', path, object(like));
      await bare.answer!({ method: 'POST', path, status: 201, body });
    },
    measure: (subject, { seconds }) =>
      requestsPerSecond({
        ...to(subject),
        method: 'POST',
        path,
        body: JSON.stringify(object(subject)),
        seconds,
      }),
  };
}

function creating(rows: readonly Row[]): Group {
  const path = configMaps(WRITE);
  return {
    rows,
    async teach(bare, { api }) {
      await bare.answer!({
        method: 'POST',
        path,
        status: 201,
        body: await api!.text('POST', path, newConfigMap),
      });
    },
    async measure(subject, { isQuick }) {
      const body = JSON.stringify(newConfigMap);
      const requests = isQuick ? 2000 : 10_000;
      const rate = await requestsPerSecond({ ...to(subject), method: 'POST', path, body, requests });
      if (subject.api) await clear(subject.api, WRITE);
      return rate;
    },
  };
}

function watching(watchers: number, creates: number, row: Omit<Row, 'variant' | 'unit' | 'title'>): Group {
  const [list, all] = [configMaps(WATCH), `${configMaps(WATCH)}?watch=true`];
  return {
    rows: [
      {
        ...row,
        title: `${watchers} watches, ${creates.toLocaleString('en-US')} creates`,
        unit: 'events/s',
        variant: 'default',
      },
    ],
    async teach(bare, { api }) {
      const body = await api!.text('POST', list, newConfigMap);
      const event = `${JSON.stringify({ type: 'ADDED', object: JSON.parse(body) })}\n`;
      await bare.answer!({ method: 'POST', path: list, status: 201, body, event });
      await bare.answer!({ method: 'GET', path: all, status: 200, body: '', watch: true });
    },
    async measure(subject, { isQuick }) {
      let watchPath = all;
      if (subject.api) {
        await clear(subject.api, WATCH);
        const { metadata } = await subject.api.json('GET', list);
        watchPath = `${all}&resourceVersion=${metadata.resourceVersion}`;
      }
      const task: WatchTask = {
        ...to(subject),
        watchPath,
        watchers,
        createPath: list,
        creates: isQuick ? creates / 5 : creates,
        body: JSON.stringify(newConfigMap),
      };
      const outcome = JSON.parse(await ownClient('watch-client', task)) as WatchOutcome;
      if (outcome.delivered < outcome.expected)
        throw new Error(`${outcome.expected - outcome.delivered} of ${outcome.expected} events did not come`);
      return outcome.delivered / outcome.seconds;
    },
  };
}

const to = ({ url, token, ca }: Subject) => ({ url, token, ca });

const rate = { unit: 'req/s', variant: 'default' } as const;

const accessReview = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  spec: { resourceAttributes: { namespace: READ, verb: 'get', resource: 'configmaps', name: 'cm-0001' } },
};

const tokenReview = ({ token }: Subject): object => ({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  spec: { token },
});

/** What requests are measured with. `share` is what of the bare server's speed a row is to have at least. */
export const groups: readonly Group[] = [
  reading(`${configMaps(READ)}/cm-0001`, [
    { ...rate, name: 'get', title: 'get one ConfigMap', share: 0.6, peer: 0.16 },
    { ...rate, name: 'get-no-records', title: '  the same, no decision records', variant: 'no records' },
  ]),
  reading(configMaps(READ), [{ ...rate, name: 'list', title: 'list 1,000 ConfigMaps' }]),
  reading(`${configMaps(READ)}?labelSelector=group%3Dg3`, [
    { ...rate, name: 'list-selector', title: 'list by label, 100 of 1,000' },
  ]),
  asking('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', () => accessReview, [
    { ...rate, name: 'access-review', title: 'SelfSubjectAccessReview', share: 0.28, peer: 0.11 },
  ]),
  asking('/apis/authentication.k8s.io/v1/tokenreviews', tokenReview, [
    { ...rate, name: 'token-review', title: 'TokenReview, token seen before', share: 0.29, peer: 0.12 },
  ]),
  asking(ACCOUNT_TOKEN, () => tokenRequest, [
    {
      ...rate,
      name: 'token-request',
      title: 'TokenRequest, RS256',
      share: 0.024,
      peer: 0.024,
      variant: 'RS256',
    },
    { ...rate, name: 'token-request-es256', title: 'TokenRequest, ES256', share: 0.096 },
  ]),
  creating([
    { ...rate, name: 'create', title: 'create a ConfigMap, durable', share: 0.168, peer: 0.056 },
    { ...rate, name: 'create-etcd', title: '  the same on etcd', share: 0.056, peer: 0.056, variant: 'etcd' },
  ]),
  watching(100, 1000, { name: 'watch-100' }),
  watching(500, 200, { name: 'watch-500' }),
];

/** What the start of a process is measured with. */
export const startRows: readonly Row[] = [
  { name: 'start', title: 'warm start to ready', unit: 'ms', most: 300, variant: 'default' },
  { name: 'memory', title: 'resident memory, idle', unit: 'MiB', most: 120, variant: 'default' },
];

export const rowNames: readonly string[] = [
  ...groups.flatMap(({ rows }) => rows.map(({ name }) => name)),
  ...startRows.map(({ name }) => name),
];
