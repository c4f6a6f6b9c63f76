import { request as httpsRequest } from 'node:https';
import type { KubeObject } from '../meta/object.ts';
import { notFoundError } from '../meta/status.ts';
import type { ServedResource } from '../registry/registry.ts';
import type { ApiRequest } from './api-request.ts';
import { answerPage } from './handlers/list.ts';
import type { Selection } from './handlers/selection.ts';
import { answerResource } from './handlers/write-support.ts';
import type { Negotiated } from './negotiation.ts';
import { tableOf } from './resource-table.ts';

/** What a component of the control plane says of itself. */
export interface Component {
  name: string;
  check(): Promise<{ healthy: boolean; message: string }>;
}

/** kube-controller-manager and kube-scheduler are asked on this machine, at their default ports. */
const CONTROLLER_MANAGER_PORT = 10257;
const SCHEDULER_PORT = 10259;
const TIMEOUT_MS = 20_000;

/**
 * The components that componentstatuses tells of (pkg/registry/core/rest/storage_core.go, serversToValidate).
 * `loops`: whether the controllers run inside this server; `store` rejects where it cannot be reached.
 */
export function components(loops: boolean, store: () => Promise<unknown>): Component[] {
  return [
    {
      name: 'controller-manager',
      check: async () =>
        loops
          ? { healthy: true, message: 'ok' }
          : probe(`https://127.0.0.1:${CONTROLLER_MANAGER_PORT}/healthz`),
    },
    { name: 'scheduler', check: () => probe(`https://127.0.0.1:${SCHEDULER_PORT}/healthz`) },
    {
      name: 'etcd-0',
      check: () =>
        store().then(
          () => ({ healthy: true, message: 'ok' }),
          (error: Error) => ({ healthy: false, message: error.message }),
        ),
    },
  ];
}

/** Answers GET of componentstatuses, or of one: made up on each request, nothing is stored. */
export async function answerComponents(
  request: ApiRequest,
  served: ServedResource,
  all: readonly Component[],
  selection: Selection,
  name: string,
  negotiated: Negotiated,
): Promise<void> {
  if (name !== '') {
    const component = all.find((one) => one.name === name);
    if (!component) throw notFoundError({ group: '', resource: 'componentstatus' }, name);
    return answerResource(request, 200, negotiated, served, await statusOf(component), tableOf(served));
  }
  const objects = await Promise.all(all.map(statusOf));
  const items = objects
    .map((object) => ({ name: object.metadata.name!, object, item: Buffer.from(itemText(object)) }))
    .filter((item) => selection.matches(item as never));
  await answerPage(request, served, { items: items as never, metadata: {} }, negotiated, tableOf(served));
}

const itemText = ({ kind: _kind, apiVersion: _apiVersion, ...rest }: KubeObject): string =>
  JSON.stringify(rest);

async function statusOf({ name, check }: Component): Promise<KubeObject> {
  const { healthy, message } = await check();
  return {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: healthy ? 'True' : 'False', message }],
  };
}

/** Asks a health check, whose certificate nobody vouches for; failures in the words of Go's HTTP client. */
function probe(url: string): Promise<{ healthy: boolean; message: string }> {
  return new Promise((resolve) => {
    const failed = (why: string): void => resolve({ healthy: false, message: `Get "${url}": ${why}` });
    const asked = httpsRequest(url, { rejectUnauthorized: false, timeout: TIMEOUT_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 400) resolve({ healthy: true, message: body });
        else resolve({ healthy: false, message: `HTTP probe failed with statuscode: ${statusCode}` });
      });
    });
    asked.on('timeout', () => {
      failed('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
      asked.destroy();
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED';
      failed(refused ? `dial tcp ${new URL(url).host}: connect: connection refused` : error.message);
    });
    asked.end();
  });
}
