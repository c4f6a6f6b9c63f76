import type { AuthorizationAttributes } from '../authorization/authorizer.ts';
import type { Clock } from '../meta/clock.ts';
import { cloneJson } from '../meta/clone.ts';
import { formatDuration } from '../meta/duration.ts';
import type { UserInfo } from '../meta/user.ts';
import { interpret, parseBody, YAML_TYPE } from '../schema/decode.ts';
import { normalizerOf } from '../schema/defaults.ts';
import { typeTable } from '../schema/type-table.ts';
import type { AuditBackend } from './backend.ts';
import type { AuditConfig } from './evaluate.ts';
import { AuditEvent, type EventFields, type ResponseStatus } from './event.ts';
import type { AuditLevel, AuditStage } from './policy.ts';
import { withoutManagedFields, withoutTokens } from './shown-object.ts';

const RANK: Record<AuditLevel, number> = { None: 0, Metadata: 1, Request: 2, RequestResponse: 3 };
const MAX_USER_AGENT = 1024;
/** Requests slower than this say how long they took. */
const SLOW_MS = 500;

/** What is known of a request when its caller is. */
export interface ReceivedRequest {
  auditId: string;
  /** As sent, with the query. */
  requestUri: string;
  attributes: AuthorizationAttributes;
  sourceIps: readonly string[];
  userAgent: string;
  /** Milliseconds since 1970. */
  receivedAt: number;
  annotations: ReadonlyMap<string, string>;
}

/** The events of one request, filled in on its way (apiserver pkg/audit/request.go, context.go). */
export class RequestEvents {
  readonly config: AuditConfig;
  readonly #backend: AuditBackend;
  readonly #clock: Clock;
  readonly #fields: EventFields;
  #own: Map<string, string> | undefined;

  constructor(config: AuditConfig, backend: AuditBackend, clock: Clock, received: ReceivedRequest) {
    this.config = config;
    this.#backend = backend;
    this.#clock = clock;
    const { attributes, userAgent } = received;
    const { namespace, name, resource, subresource, apiGroup, apiVersion } = attributes;
    this.#fields = {
      level: config.level,
      auditId: received.auditId,
      stage: 'RequestReceived',
      requestUri: received.requestUri,
      verb: attributes.verb,
      user: attributes.user,
      impersonatedUser: undefined,
      impersonationConstraint: undefined,
      sourceIps: received.sourceIps,
      userAgent:
        userAgent.length > MAX_USER_AGENT ? `${userAgent.slice(0, MAX_USER_AGENT)}...TRUNCATED` : userAgent,
      objectRef: attributes.isResourceRequest
        ? { namespace, name, resource, subresource, apiGroup, apiVersion }
        : undefined,
      responseStatus: undefined,
      requestObject: undefined,
      responseObject: undefined,
      receivedAt: received.receivedAt,
      stageAt: received.receivedAt,
      annotations: received.annotations,
    };
  }

  impersonated(user: UserInfo, constraint: string | undefined): void {
    this.#fields.impersonatedUser = user;
    this.#fields.impersonationConstraint = constraint;
  }

  /** The object as it was sent, with its defaults; where the URL names none, it names what the event is about. */
  requestObject(object: Record<string, unknown>): void {
    this.#fields.objectRef ??= {};
    const ref = this.#fields.objectRef;
    const metadata = object['metadata'] as Record<string, string> | undefined;
    if (metadata) {
      ref.namespace ||= metadata['namespace'] ?? '';
      ref.name ||= metadata['name'] ?? '';
      ref.uid ||= metadata['uid'] ?? '';
      ref.resourceVersion ||= metadata['resourceVersion'] ?? '';
    }
    if (RANK[this.config.level] < RANK.Request) return;
    const copy = cloneJson(object);
    const gvk = interpret(copy);
    const type = 'error' in gvk ? undefined : typeTable.nameOfKind(gvk);
    if (type !== undefined) normalizerOf(type)(copy);
    this.#fields.requestObject = this.#shown(copy);
  }

  requestPatch(patch: Buffer): void {
    if (RANK[this.config.level] < RANK.Request) return;
    const parsed = parseBody(patch, YAML_TYPE, false);
    // What nobody can read is not shown; the answer says so.
    if (parsed.ok) this.#fields.requestObject = JSON.stringify(parsed.value);
  }

  /** What the answer holds; of a Status, its bounded fields at any level. */
  responseObject(object: Record<string, unknown>): void {
    if (object['kind'] === 'Status' && object['apiVersion'] === 'v1') {
      const { status, message, reason, details, code } = object as ResponseStatus;
      this.#fields.responseStatus = {
        ...(status ? { status } : {}),
        ...(message ? { message } : {}),
        ...(reason ? { reason } : {}),
        ...(details ? { details } : {}),
        ...(code ? { code } : {}),
      };
    }
    if (this.wantsResponse) this.#fields.responseObject = this.#shown(object);
  }

  get wantsResponse(): boolean {
    return this.config.level === 'RequestResponse';
  }

  get hasResponse(): boolean {
    return this.#fields.responseObject !== undefined;
  }

  #shown(object: Record<string, unknown>): string {
    const lean = this.config.omitManagedFields ? withoutManagedFields(object) : object;
    return JSON.stringify(withoutTokens(lean));
  }

  status(status: ResponseStatus): void {
    this.#fields.responseStatus = { ...this.#fields.responseStatus, ...status };
  }

  /** What went wrong unforeseen; the message says nothing of it that clients may not know. */
  panicked(): void {
    this.#fields.responseStatus = {
      status: 'Failure',
      reason: 'InternalError',
      message: "APIServer panic'd: an unexpected error",
      code: 500,
    };
  }

  annotate(key: string, value: string): void {
    this.#own ??= new Map();
    this.#own.set(key, value);
  }

  /** Whether a stage is written at all. */
  writes(stage: AuditStage): boolean {
    return this.config.stages.has(stage);
  }

  /** Resolves to false where the event is lost and that is not to be. */
  process(stage: AuditStage): Promise<boolean> {
    if (!this.writes(stage)) return Promise.resolve(true);
    const fields = this.#fields;
    const stageAt = stage === 'RequestReceived' ? fields.receivedAt : this.#clock.now();
    const annotations = new Map(fields.annotations);
    // What webhooks changed shows what was sent.
    if (RANK[this.config.level] < RANK.Request) {
      for (const key of annotations.keys())
        if (key.startsWith('patch.webhook.admission.k8s.io/')) annotations.delete(key);
    }
    for (const [key, value] of this.#own ?? []) annotations.set(key, value);
    const took = stageAt - fields.receivedAt;
    if (stage === 'ResponseComplete' && took > SLOW_MS) {
      annotations.set(
        'apiserver.latency.k8s.io/total',
        formatDuration(BigInt(Math.round(took * 1000)) * 1000n),
      );
    }
    const objectRef = fields.objectRef && { ...fields.objectRef };
    return this.#backend.process([new AuditEvent({ ...fields, stage, stageAt, annotations, objectRef })]);
  }
}
