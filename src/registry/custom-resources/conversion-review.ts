import { quote } from '../../meta/go-quote.ts';
import { type Fields, parseGroupVersion } from '../../meta/object.ts';
import { jsonText, typeFault } from '../../webhook/reply.ts';

export type ReviewVersion = 'v1' | 'v1beta1';

const GROUP = 'apiextensions.k8s.io';
const KIND = 'ConversionReview';
const SCHEME = 'k8s.io/apiserver/pkg/util/webhook/client.go:71';

/** The first of the versions a webhook says it understands that this server understands too. */
export function reviewVersion(versions: readonly string[]): ReviewVersion | undefined {
  return versions.find((version): version is ReviewVersion => version === 'v1' || version === 'v1beta1');
}

/** The ConversionReview that a webhook is sent (pkg/apiserver/conversion/webhook_converter.go). */
export function reviewBody(
  version: ReviewVersion,
  uid: string,
  desiredAPIVersion: string,
  objects: readonly Fields[],
): string {
  return JSON.stringify({
    kind: KIND,
    apiVersion: `${GROUP}/${version}`,
    request: { uid, desiredAPIVersion, objects },
    response: { uid: '', convertedObjects: null, result: { metadata: {} } },
  });
}

const SHAPE = {
  name: KIND,
  fields: {
    response: {
      name: 'ConversionResponse',
      fields: {
        uid: 'string',
        convertedObjects: 'any',
        result: {
          name: 'Status',
          fields: { status: 'string', message: 'string', reason: 'string', code: 'int32' },
        },
      },
    },
  },
} as const;

/** The objects in a webhook's answer, or why there are none. */
export function readReview(
  reply: { status: number; contentType: string; body: string },
  version: ReviewVersion,
  uid: string,
): { ok: true; objects: unknown[] } | { ok: false; why: string } {
  const refuse = (why: string): { ok: false; why: string } => ({ ok: false, why });
  if (reply.body === '')
    return refuse(
      `0-length response with status code: ${reply.status} and content type: ${reply.contentType}`,
    );
  const decoded = jsonText(reply.body);
  if (!decoded.ok) return refuse(decoded.message);
  const review = decoded.object;
  const apiVersion = text(review['apiVersion']);
  const kind = text(review['kind']);
  const fault = kindFault(apiVersion, kind, version) ?? typeFault(review, SHAPE, '');
  if (fault !== undefined) return refuse(fault);
  if (version === 'v1' && (apiVersion !== `${GROUP}/v1` || kind !== KIND)) {
    const gv = parseGroupVersion(apiVersion);
    const got = `${gv?.group ?? ''}/${gv?.version ?? ''}, Kind=${kind}`;
    return refuse(`expected webhook response of ${GROUP}/v1, Kind=${KIND}, got ${got}`);
  }
  const response = (review['response'] ?? undefined) as Fields | undefined;
  if (!response) return refuse('no response provided');
  const own = text(response['uid']);
  if (version === 'v1' && own !== uid)
    return refuse(`expected response.uid=${quote(uid)}, got ${quote(own)}`);
  const result = (response['result'] ?? {}) as Fields;
  const status = text(result['status']);
  if (status !== 'Success') {
    const message = text(result['message']);
    return refuse(message === '' ? `response.result.status was '${status}', not 'Success'` : message);
  }
  const objects: unknown = response['convertedObjects'] ?? [];
  if (Array.isArray(objects)) return { ok: true, objects };
  const found = typeof objects === 'boolean' ? 'bool' : typeof objects;
  return refuse(
    `json: cannot unmarshal ${found} into Go struct field ConversionReview.response.convertedObjects of type []runtime.RawExtension`,
  );
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function kindFault(apiVersion: string, kind: string, version: ReviewVersion): string | undefined {
  const gv = apiVersion === '' ? undefined : parseGroupVersion(apiVersion);
  if (apiVersion !== '' && !gv) return `unexpected GroupVersion string: ${apiVersion}`;
  const known = !gv || (gv.group === GROUP && (gv.version === 'v1' || gv.version === 'v1beta1'));
  if (known && (kind === '' || kind === KIND)) return undefined;
  const where = apiVersion || `${GROUP}/${version}`;
  return `no kind ${quote(kind || KIND)} is registered for version ${quote(where)} in scheme ${quote(SCHEME)}`;
}
