import { quote } from '../../meta/go-quote.ts';
import {
  type GroupVersionKind,
  type GroupVersionResource,
  type KubeObject,
  parseGroupVersion,
} from '../../meta/object.ts';
import { userInfoJson } from '../../meta/user.ts';
import { jsonText, typeFault } from '../../webhook/reply.ts';
import { optionsOf } from '../evaluation.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { requestedVersion } from '../versions.ts';

export type ReviewVersion = 'v1' | 'v1beta1';

/** The AdmissionReview that a webhook is sent (apiserver pkg/admission/plugin/webhook/request). */
export function reviewBody(
  version: ReviewVersion,
  uid: string,
  attributes: AdmissionAttributes,
  object: KubeObject | undefined,
): string {
  const { kind, resource, subresource, name, namespace, operation, user, oldObject, dryRun } = attributes;
  const requested = requestedVersion(attributes);
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind: gvk(kind),
      resource: gvr(resource),
      ...(subresource ? { subResource: subresource } : {}),
      requestKind: gvk(requested.kind),
      requestResource: gvr(requested.resource),
      ...(subresource ? { requestSubResource: subresource } : {}),
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: userInfoJson(user),
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options: optionsOf(attributes) ?? null,
    },
  });
}

const gvk = ({ group, version, kind }: GroupVersionKind) => ({ group, version, kind });
const gvr = ({ group, version, resource }: GroupVersionResource) => ({ group, version, resource });

/** The Status in a refusal, as far as it is passed on. */
export interface ReviewStatus {
  message?: string;
  reason?: string;
  code?: number;
  details?: Record<string, unknown>;
}

export interface ReviewAnswer {
  allowed: boolean;
  /** JSON text; empty: nothing is to be changed. */
  patch: string;
  patchType: string;
  status: ReviewStatus | undefined;
  auditAnnotations: Readonly<Record<string, string>>;
  warnings: readonly string[];
}

/** What a webhook answered, or what is wrong with the answer: it could not be read, or says what it may not. */
export type ReadAnswer =
  | { ok: true; answer: ReviewAnswer }
  | { ok: false; stage: 'unreadable' | 'invalid'; why: string };

const STATUS = {
  name: 'Status',
  fields: { status: 'string', message: 'string', reason: 'string', code: 'int32' },
} as const;
const SHAPE = {
  name: 'AdmissionReview',
  fields: {
    response: {
      name: 'AdmissionResponse',
      fields: {
        uid: 'string',
        allowed: 'bool',
        patch: 'string',
        patchType: 'string',
        warnings: '[]string',
        status: STATUS,
        auditAnnotations: 'any',
      },
    },
  },
} as const;

const SCHEME = 'k8s.io/apiserver/pkg/util/webhook/client.go:71';

/** Reads an answer and checks it (VerifyAdmissionResponse). */
export function readAnswer(
  reply: { status: number; contentType: string; body: string },
  version: ReviewVersion,
  uid: string,
  mutating: boolean,
): ReadAnswer {
  const unreadable = (why: string): ReadAnswer => ({ ok: false, stage: 'unreadable', why });
  const invalid = (why: string): ReadAnswer => ({ ok: false, stage: 'invalid', why });
  if (reply.body === '') {
    return unreadable(
      `0-length response with status code: ${reply.status} and content type: ${reply.contentType}`,
    );
  }
  const decoded = jsonText(reply.body);
  if (!decoded.ok) return unreadable(decoded.message);
  const review = decoded.object;
  const apiVersion = typeof review['apiVersion'] === 'string' ? review['apiVersion'] : '';
  const kind = typeof review['kind'] === 'string' ? review['kind'] : '';
  const fault = kindFault(apiVersion, kind, version) ?? typeFault(review, SHAPE, '');
  if (fault !== undefined) return unreadable(fault);
  const response = (review['response'] ?? undefined) as Record<string, unknown> | undefined;
  if (!response) return invalid('webhook response was absent');
  if (version === 'v1') {
    const own = (response['uid'] as string | undefined) ?? '';
    if (own !== uid) return invalid(`expected response.uid=${quote(uid)}, got ${quote(own)}`);
    if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
      const gv = parseGroupVersion(apiVersion);
      const got = `${gv?.group ?? ''}/${gv?.version ?? ''}, Kind=${kind}`;
      return invalid(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${got}`);
    }
  }
  const patch = (response['patch'] as string | null | undefined) ?? '';
  const patchType = (response['patchType'] as string | null | undefined) ?? undefined;
  const wrong = version === 'v1' ? patchFault(patch, patchType, mutating) : undefined;
  if (wrong) return invalid(wrong);
  return {
    ok: true,
    answer: {
      allowed: response['allowed'] === true,
      patch: mutating ? Buffer.from(patch, 'base64').toString('utf8') : '',
      patchType: version === 'v1beta1' ? 'JSONPatch' : (patchType ?? ''),
      status: (response['status'] ?? undefined) as ReviewStatus | undefined,
      auditAnnotations: annotationsOf(response['auditAnnotations']),
      warnings: (response['warnings'] as string[] | null | undefined) ?? [],
    },
  };
}

function kindFault(apiVersion: string, kind: string, version: ReviewVersion): string | undefined {
  const gv = apiVersion === '' ? undefined : parseGroupVersion(apiVersion);
  if (apiVersion !== '' && !gv) return `unexpected GroupVersion string: ${apiVersion}`;
  const known = !gv || (gv.group === 'admission.k8s.io' && (gv.version === 'v1' || gv.version === 'v1beta1'));
  if (!known || (kind !== '' && kind !== 'AdmissionReview')) {
    return `no kind ${quote(kind || 'AdmissionReview')} is registered for version ${quote(apiVersion || `admission.k8s.io/${version}`)} in scheme ${quote(SCHEME)}`;
  }
  return undefined;
}

function patchFault(patch: string, patchType: string | undefined, mutating: boolean): string | undefined {
  if (!mutating) {
    if (patch !== '') return 'validating webhook may not return response.patch';
    return patchType === undefined ? undefined : 'validating webhook may not return response.patchType';
  }
  if (patch !== '' && patchType === undefined)
    return 'webhook returned response.patch but not response.patchType';
  if (patch === '' && patchType !== undefined)
    return 'webhook returned response.patchType but not response.patch';
  return patchType === '' ? 'webhook returned invalid response.patchType of ""' : undefined;
}

function annotationsOf(value: unknown): Record<string, string> {
  if (!value || typeof value !== 'object') return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
