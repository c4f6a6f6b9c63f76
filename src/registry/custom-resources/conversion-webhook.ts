import { cloneJson } from '../../meta/clone.ts';
import { aggregateText, errorText } from '../../meta/field-error.ts';
import { type Fields, type KubeObject, parseGroupVersion } from '../../meta/object.ts';
import { annotationsErrors, labelsErrors } from '../../meta/object-meta-validation.ts';
import { unknownError } from '../../meta/status.ts';
import { goType } from '../../schema/patch/go-value.ts';
import { readReview, reviewBody, reviewVersion } from './conversion-review.ts';

/** What became of a request to a webhook; `why` in client-go's words. */
export type ConversionReply =
  | { ok: true; status: number; contentType: string; body: string }
  | { ok: false; why: string };

export interface ConversionWebhookParts {
  /** spec.conversion.webhook.conversionReviewVersions */
  reviewVersions: readonly string[];
  post(body: string): Promise<ConversionReply>;
  uuid(): string;
}

/** The webhook that turns objects of one version of a definition into another (pkg/apiserver/conversion/webhook_converter.go). */
export class ConversionWebhook {
  readonly #parts: ConversionWebhookParts;

  constructor(parts: ConversionWebhookParts) {
    this.#parts = parts;
  }

  /** The object in another version. Throws a 500 that says what the webhook did wrong. */
  async convert(object: KubeObject, apiVersion: string): Promise<KubeObject> {
    if (object.apiVersion === apiVersion) return object;
    const { reviewVersions, post, uuid } = this.#parts;
    const version = reviewVersion(reviewVersions);
    if (!version) throw unknownError('no supported conversion review versions');
    const uid = uuid();
    const from = versionKind(object);
    const about = (what: string) => unknownError(`conversion webhook for ${from} ${what}`);
    const reply = await post(reviewBody(version, uid, apiVersion, [object]));
    if (!reply.ok) throw about(`failed: ${reply.why}`);
    const read = readReview(reply, version, uid);
    if (!read.ok) throw about(`failed: ${read.why}`);
    if (read.objects.length !== 1) throw about(`returned ${read.objects.length} objects, expected 1`);
    const converted = unpack(read.objects[0]);
    const got = text(converted['apiVersion']);
    if (got !== apiVersion)
      throw about(
        `returned invalid object at index 0: invalid groupVersion (expected ${apiVersion}, received ${got})`,
      );
    if (converted['kind'] !== object.kind)
      throw about(
        `returned invalid object at index 0: invalid kind (expected ${object.kind}, received ${text(converted['kind'])})`,
      );
    const fault = changedIdentity(object, converted);
    if (fault !== undefined) throw about(`returned invalid object: ${fault}`);
    const meta = restoreMetadata(object, converted);
    if (meta !== undefined) throw about(`returned invalid metadata: ${meta}`);
    return converted as KubeObject;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `rest.example.com/v1, Kind=Gizmo` */
function versionKind(object: KubeObject): string {
  const { group, version } = parseGroupVersion(object.apiVersion ?? '') ?? { group: '', version: '' };
  return `${group}/${version}, Kind=${object.kind}`;
}

function unpack(value: unknown): Fields {
  if (value === null || value === undefined) throw unknownError('unexpected end of JSON input');
  const object = value as Fields;
  if (typeof value !== 'object' || text(object['kind']) === '')
    throw unknownError(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  return object;
}

function changedIdentity(before: KubeObject, after: Fields): string | undefined {
  const meta = (isMap(after['metadata']) ? after['metadata'] : {}) as Fields;
  for (const [field, words] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const expected = before.metadata[field] ?? '';
    const got = text(meta[field]);
    if (expected !== got) return `must have the same ${words}: ${expected} != ${got}`;
  }
  return undefined;
}

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const typeOf = (value: unknown): string => (value === null ? '<nil>' : goType(value));

/** Of its metadata a webhook may change labels and annotations; in place. Returns what is wrong with them. */
function restoreMetadata(before: KubeObject, after: Fields): string | undefined {
  if (!Object.hasOwn(after, 'metadata')) return 'missing metadata in converted object';
  const answered: unknown = after['metadata'];
  if (!isMap(answered)) return `invalid metadata of type ${typeOf(answered)} in converted object`;
  const metadata = cloneJson(before.metadata) as Fields;
  after['metadata'] = metadata;
  for (const field of ['labels', 'annotations']) {
    const value: unknown = answered[field];
    if (value === undefined || value === null) {
      delete metadata[field];
      continue;
    }
    if (!isMap(value)) return `invalid metadata.${field} of type ${typeOf(value)} in converted object`;
    for (const [key, one] of Object.entries(value))
      if (typeof one !== 'string')
        return `metadata.${field}[${key}] must be a string, but is ${typeOf(one)} in converted object`;
    const faults = changed(metadata[field] ?? {}, value)
      ? faultsOf(field, value as Record<string, string>)
      : [];
    if (faults.length) return aggregateText(faults.map(errorText));
    metadata[field] = value;
  }
  return undefined;
}

function changed(before: Fields, after: Fields): boolean {
  const keys = Object.keys(after);
  return keys.length !== Object.keys(before).length || keys.some((key) => before[key] !== after[key]);
}

const faultsOf = (field: string, value: Record<string, string>) =>
  field === 'labels'
    ? labelsErrors(value, 'metadata.labels')
    : annotationsErrors(value, 'metadata.annotation');
