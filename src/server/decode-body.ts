import { parse as parseYaml } from 'yaml';
import { badRequestError } from '../meta/status.ts';
import { type KubeObject, groupVersion } from '../meta/object.ts';
import type { DeleteOptions } from '../registry/delete-options.ts';
import type { ServedResource } from '../registry/registry.ts';
import type { ApiRequest } from './api-request.ts';
import type { WriteOptions } from './handlers/write-support.ts';

// Stand-in until the schema's own decoder is in place.
export function decodeBody(
  request: ApiRequest,
  body: Buffer,
  served: ServedResource,
  kind: { group: string; version: string; kind: string },
  _validation: string | undefined,
): KubeObject {
  const type = request.exchange.header('content-type') ?? '';
  let object: KubeObject;
  try {
    object = type.includes('yaml') ? parseYaml(body.toString()) : JSON.parse(body.toString());
  } catch (error) {
    throw badRequestError(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  const out: KubeObject = { ...object, kind: kind.kind, apiVersion: groupVersion(kind), metadata: { ...object?.metadata } };
  served.store?.applyDefaults(out);
  return out;
}

export function writeOptions(request: ApiRequest, _kind: string): WriteOptions {
  const dryRun = request.query.getAll('dryRun');
  const fieldManager = request.query.get('fieldManager');
  return { ...(dryRun.length ? { dryRun } : {}), ...(fieldManager ? { fieldManager } : {}), ...(request.query.get('force') === 'true' ? { force: true } : {}) };
}

export function decodeDeleteOptions(_request: ApiRequest, body: Buffer): DeleteOptions {
  return body.length ? (JSON.parse(body.toString()) as DeleteOptions) : {};
}
