import type { CustomResource } from '../schema/openapi/custom-schemas.ts';
import type { OpenApiDocument, OpenApiDocuments } from '../schema/openapi/documents.ts';
import { answerBytes, answerPageNotFound } from './answer.ts';
import type { ApiRequest } from './api-request.ts';
import { clauses } from './negotiation.ts';
import { KUBERNETES_VERSION } from './version.ts';

export interface OpenApiParts {
  customResources(): readonly CustomResource[];
  generation(): number;
}

/** In the order in which they are chosen from where a client takes several. */
const V2_TYPES = [
  'application/json',
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];
const V3_TYPES = [
  'application/json',
  'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
];
/** Documents that a client names by their hash never change. */
const A_YEAR_S = 31_536_000;

/** `/openapi/v2` and `/openapi/v3` (kube-openapi pkg/handler, pkg/handler3). Loaded and made when somebody asks. */
export class OpenApi {
  readonly #parts: OpenApiParts;
  #documents: Promise<OpenApiDocuments> | undefined;

  constructor(parts: OpenApiParts) {
    this.#parts = parts;
  }

  async answer(request: ApiRequest): Promise<void> {
    this.#documents ??= this.#load();
    const documents = await this.#documents;
    const path = request.info.path.replace(/\/$/, '');
    if (path === '/openapi/v2') {
      const type = accepted(request, V2_TYPES);
      if (type === undefined) return answerBytes(request, 406, { vary: 'Accept' }, '');
      if (type === 'application/json') return send(request, documents.v2Json(), type);
      return send(request, documents.v2Protobuf(), V2_TYPES[2]!);
    }
    if (path === '/openapi/v3') return send(request, documents.v3Index(), 'application/json');
    if (!path.startsWith('/openapi/v3/')) return answerPageNotFound(request);
    const type = accepted(request, V3_TYPES);
    if (type === undefined) return answerBytes(request, 406, { vary: 'Accept' }, '');
    const name = path.slice('/openapi/v3/'.length);
    const json = type === 'application/json';
    const document = json ? documents.v3Document(name) : documents.v3Protobuf(name);
    if (!document) return answerPageNotFound(request);
    const hash = request.query.get('hash');
    if (hash !== null && hash !== document.etag) {
      return answerBytes(request, 301, { location: `${path}?hash=${document.etag}` }, '');
    }
    send(request, document, json ? type : V3_TYPES[2]!, hash !== null);
  }

  async #load(): Promise<OpenApiDocuments> {
    const { OpenApiDocuments } = await import('../schema/openapi/documents.ts');
    return new OpenApiDocuments({ ...this.#parts, version: `v${KUBERNETES_VERSION}` });
  }
}

/** The first of a client's clauses that one of the types fits; undefined where none does. */
function accepted(request: ApiRequest, types: readonly string[]): string | undefined {
  for (const { type, subtype } of clauses(request.exchange.header('accept') || '*/*')) {
    const found = types.find((one) => {
      const [own, ownSub] = one.split('/');
      return (type === '*' || type === own) && (subtype === '*' || subtype === ownSub);
    });
    if (found) return found;
  }
  return undefined;
}

function send(request: ApiRequest, document: OpenApiDocument, type: string, immutable = false): void {
  const etag = `"${document.etag}"`;
  const headers = {
    'content-type': type,
    etag,
    vary: 'Accept-Encoding, Accept',
    ...(immutable ? { 'cache-control': `public, immutable, max-age=${A_YEAR_S}` } : {}),
  };
  if (request.exchange.header('if-none-match') === etag) return answerBytes(request, 304, headers, '');
  const gzip = (request.exchange.header('accept-encoding') ?? '').includes('gzip');
  if (gzip) answerBytes(request, 200, { ...headers, 'content-encoding': 'gzip' }, document.gzip());
  else answerBytes(request, 200, headers, document.bytes);
}
