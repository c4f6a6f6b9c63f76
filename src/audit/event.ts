import { rfc3339Micro } from '../meta/clock.ts';
import { quote } from '../meta/go-quote.ts';
import { type UserInfo, userInfoJson } from '../meta/user.ts';
import type { AuditLevel, AuditStage } from './policy.ts';

/** What an event is about. */
export interface ObjectReference {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

/** The bounded fields of a Status. */
export interface ResponseStatus {
  status?: string;
  message?: string;
  reason?: string;
  details?: unknown;
  code?: number;
}

/** One stage of one request (audit.k8s.io/v1 Event), before it has a form. */
export interface EventFields {
  level: AuditLevel;
  auditId: string;
  stage: AuditStage;
  requestUri: string;
  verb: string;
  user: UserInfo;
  impersonatedUser: UserInfo | undefined;
  impersonationConstraint: string | undefined;
  sourceIps: readonly string[];
  userAgent: string;
  objectRef: ObjectReference | undefined;
  responseStatus: ResponseStatus | undefined;
  /** JSON text. */
  requestObject: string | undefined;
  /** JSON text. */
  responseObject: string | undefined;
  /** Milliseconds since 1970. */
  receivedAt: number;
  stageAt: number;
  annotations: ReadonlyMap<string, string>;
}

const REF_FIELDS = [
  'resource',
  'namespace',
  'name',
  'uid',
  'apiGroup',
  'apiVersion',
  'resourceVersion',
  'subresource',
] as const;

/** An event as JSON, its fields in the order of the Go struct. Made once, however many backends take it. */
export class AuditEvent {
  readonly fields: EventFields;
  #text: string | undefined;

  constructor(fields: EventFields) {
    this.fields = fields;
  }

  get text(): string {
    this.#text ??= json(this.fields, 'audit.k8s.io/v1', true);
    return this.#text;
  }

  /** Without kind and apiVersion, as an item of an EventList. */
  get item(): string {
    return json(this.fields, '', false);
  }

  get bytes(): number {
    return Buffer.byteLength(this.text);
  }

  /** The event without the objects, saying that they are left out (plugin/pkg/audit/truncate). */
  truncated(): AuditEvent {
    const annotations = new Map(this.fields.annotations);
    annotations.set('audit.k8s.io/truncated', 'true');
    return new AuditEvent({
      ...this.fields,
      requestObject: undefined,
      responseObject: undefined,
      annotations,
    });
  }
}

function json(fields: EventFields, apiVersion: string, typed: boolean): string {
  let out = typed ? `{"kind":"Event","apiVersion":"${apiVersion}",` : '{';
  out += `"level":"${fields.level}","auditID":${JSON.stringify(fields.auditId)},"stage":"${fields.stage}"`;
  out += `,"requestURI":${JSON.stringify(withoutAccessToken(fields.requestUri))},"verb":${JSON.stringify(fields.verb)}`;
  out += `,"user":${JSON.stringify(userInfoJson(fields.user))}`;
  if (fields.impersonatedUser)
    out += `,"impersonatedUser":${JSON.stringify(userInfoJson(fields.impersonatedUser))}`;
  if (fields.impersonationConstraint) {
    out += `,"authenticationMetadata":${JSON.stringify({ impersonationConstraint: fields.impersonationConstraint })}`;
  }
  if (fields.sourceIps.length) out += `,"sourceIPs":${JSON.stringify(fields.sourceIps)}`;
  if (fields.userAgent) out += `,"userAgent":${JSON.stringify(fields.userAgent)}`;
  if (fields.objectRef) {
    const ref: Record<string, string> = {};
    for (const name of REF_FIELDS) if (fields.objectRef[name]) ref[name] = fields.objectRef[name];
    out += `,"objectRef":${JSON.stringify(ref)}`;
  }
  if (fields.responseStatus) out += `,"responseStatus":${JSON.stringify(statusJson(fields.responseStatus))}`;
  if (fields.requestObject !== undefined) out += `,"requestObject":${fields.requestObject}`;
  if (fields.responseObject !== undefined) out += `,"responseObject":${fields.responseObject}`;
  out += `,"requestReceivedTimestamp":"${rfc3339Micro(fields.receivedAt)}","stageTimestamp":"${rfc3339Micro(fields.stageAt)}"`;
  if (fields.annotations.size) {
    const sorted = [...fields.annotations].sort(([a], [b]) => (a < b ? -1 : 1));
    out += `,"annotations":${JSON.stringify(Object.fromEntries(sorted))}`;
  }
  return `${out}}`;
}

function statusJson({ status, message, reason, details, code }: ResponseStatus): Record<string, unknown> {
  return {
    metadata: {},
    ...(status ? { status } : {}),
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    ...(code ? { code } : {}),
  };
}

/** The one-line form of `--audit-log-format=legacy` (apiserver pkg/audit/format.go). */
export function legacyLine({ fields }: AuditEvent): string {
  const quoted = (items: readonly string[]): string => items.map((item) => quote(item)).join(',');
  const { user, impersonatedUser } = fields;
  const groups = user.name && user.groups.length ? quoted(user.groups) : '<none>';
  const asGroups = impersonatedUser ? quoted(impersonatedUser.groups) : '<lookup>';
  const parts = [
    `id=${quote(fields.auditId)}`,
    `stage=${quote(fields.stage)}`,
    `ip=${quote(fields.sourceIps[0] ?? '<unknown>')}`,
    `method=${quote(fields.verb)}`,
    `user=${quote(user.name || '<none>')}`,
    `groups=${quote(groups)}`,
    `as=${quote(impersonatedUser?.name ?? '<self>')}`,
    `asgroups=${quote(asGroups)}`,
    `user-agent=${quote(fields.userAgent)}`,
    `namespace=${quote(fields.objectRef?.namespace || '<none>')}`,
    `uri=${quote(fields.requestUri)}`,
    `response="${fields.responseStatus?.code ?? '<deferred>'}"`,
  ];
  return `${new Date(fields.receivedAt).toISOString()} AUDIT: ${parts.join(' ')}`;
}

/** Kubernetes takes no token from a query, but clients that send one (RFC 6750 2.3) do not mean it for the log. */
function withoutAccessToken(uri: string): string {
  return uri.includes('access_token=') ? uri.replace(/([?&]access_token=)[^&]*/g, '$1***') : uri;
}
