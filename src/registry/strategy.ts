import type { FieldError } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import type { UserInfo } from '../meta/user.ts';
import type { ExpressionCompiler } from './admission-expressions.ts';
import type { ObjectClient } from './client.ts';

/** What a strategy may know of the request beside the object. */
export interface StrategyContext {
  user: UserInfo;
  namespace: string;
  /** Empty for the resource itself. */
  subresource: string;
  /** Milliseconds since 1970. */
  now: number;
  client: ObjectClient;
  /** Values of server flags that kinds depend on. */
  options: StrategyOptions;
  /** The request is a dry run: nothing outside the object may change. Absent: it is not. */
  dryRun?: boolean;
  /** Compiles the CEL expressions of webhooks and policies. Absent: they are taken unread. */
  expressions?: ExpressionCompiler;
  /** What the user may do besides. Absent: nothing is asked. */
  access?: AccessCheck;
  /** Takes the text of a `Warning: 299` header. */
  warn?(text: string): void;
}

/** Asks for a user's rights beyond the request's own. */
export interface AccessCheck {
  /** Whether the user may; throws in the words of the authorizer that broke. */
  allowed(question: {
    verb: string;
    apiGroup: string;
    apiVersion: string;
    resource: string;
    namespace: string;
    name: string;
  }): Promise<boolean>;
  /** The resource of a served kind; undefined: there is none. */
  resourceOf(apiVersion: string, kind: string): string | undefined;
}

/** What `begin` took from outside the object; exactly one of the two is called, once. */
export interface Reservation {
  /** The object is written. */
  commit(): void | Promise<void>;
  /** The object was refused, or the write failed. */
  revert(): void | Promise<void>;
}

export interface StrategyOptions {
  allowPrivileged: boolean;
  serviceClusterIpRange: string;
  /** Such as `30000-32767`, which is what holds where it is absent. */
  serviceNodePortRange?: string;
  /** Other servers write to the same store. */
  shared?: boolean;
  /** How long an Event is kept after its last write (--event-ttl); 0: for ever. Absent: an hour. */
  eventTtlSeconds?: number;
}

/** How an update through one subresource is prepared and checked. */
export interface UpdateStrategy {
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void;
  validateUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): FieldError[];
}

/** A deletion that is first noted on the object, and carried out once the object says that it may be. */
export interface TwoStepDeletion {
  /** Notes it, in place. `now` is RFC 3339. */
  begin(
    object: KubeObject,
    now: string,
    options: { orphanDependents?: boolean; propagationPolicy?: string },
  ): void;
  /** Whether the object goes with the write that left it like this. */
  mayGo(object: KubeObject): boolean;
}

/** A cell of a Table row. */
export type Cell = string | number | boolean | null;

/**
 * What one kind does beyond the generic REST store: one object per kind, in registry/<group>/<kind>.ts. Everything is
 * optional; hooks change the object in place. Sources: pkg/registry/<group>/<kind>/strategy.go, pkg/apis/<group>/v1/defaults.go,
 * pkg/apis/<group>/validation, pkg/printers/internalversion/printers.go.
 */
export interface Strategy {
  /** Defaults that the type table cannot say. Run after its own, on every object decoded and on every object read from the store. */
  defaults?(object: KubeObject): void;
  /**
   * Before prepareForCreate and prepareForUpdate (no `old`: a create): takes what the object needs from outside itself,
   * such as a Service's addresses and ports. Failures are thrown as StatusError. Called again when a write is tried again.
   */
  begin?(
    object: KubeObject,
    old: KubeObject | undefined,
    context: StrategyContext,
  ): Promise<Reservation | undefined>;
  /** After the object has gone from the store (never in a dry run): gives back what `begin` took. */
  afterDelete?(object: KubeObject, context: StrategyContext): Promise<void>;
  /** Before validation: drops status, sets what the server owns. `metadata.generation` is 1 already for kinds with `generation`. */
  prepareForCreate?(object: KubeObject, context: StrategyContext): void;
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void;
  validate?(object: KubeObject, context: StrategyContext): FieldError[];
  /** Checks the change; `validate` is not called besides. */
  validateUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): FieldError[];
  /** After validate and validateUpdate (with `old`) found nothing: faults that take asking whether the user may. */
  validateAccess?(
    object: KubeObject,
    old: KubeObject | undefined,
    context: StrategyContext,
  ): Promise<FieldError[]>;
  /** Texts for `Warning: 299` headers. */
  warnings?(object: KubeObject, old: KubeObject | undefined, context: StrategyContext): string[];
  /** Text of the warning that every request for the kind is answered with, as the kind is on its way out. */
  deprecated?: string;
  /** Faults of a name; `prefix` when it is a generateName. Default: DNS-1123 subdomain. */
  validateName?(name: string, prefix: boolean): string[];
  /** What a create does depends on no other object of the resource, so that the newest of them need not be waited for. */
  createsBlindly?: boolean;
  /** PUT of an object that does not exist creates it. Default false. */
  allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion is taken. Default true. */
  allowUnconditionalUpdate?: boolean;
  /** The kind has no Go type (custom resources): a null, an empty map and nothing at all are three different things. */
  untyped?: boolean;
  /** generation counts changes of spec (anything but metadata and status where `true`). Default: neither set nor kept up. */
  generation?: boolean;
  /** Fields a fieldSelector may name beside metadata.name and metadata.namespace. */
  selectableFields?: Record<string, (object: KubeObject) => string>;
  /** Those of them that objects are found by, without a look at the others: what each node asks for all the time. */
  indexedFields?: readonly string[];
  /** The status subresource; absent: the generic one (takes status, keeps all else). */
  status?: UpdateStrategy;
  /** Other subresources that are written by updating the object: `namespaces/finalize`, `certificatesigningrequests/approval`. */
  subresources?: Readonly<Record<string, UpdateStrategy>>;
  /** A create keeps the status sent (nodes). Default: it is dropped where there is a status subresource. */
  createKeepsStatus?: boolean;
  /** A deletion of its own in place of the generic one (namespaces, customresourcedefinitions). */
  deletion?: TwoStepDeletion;
  /** Deleting answers with the object, not with a Status (pods, namespaces, serviceaccounts, …). */
  deleteReturnsObject?: boolean;
  /** Seconds until a delete takes effect, after looking at what was asked for; absent: no grace. Pods. */
  gracePeriod?(object: KubeObject, asked: number | undefined): number;
  /** The propagation policy where a delete names none. */
  defaultGarbageCollection?: 'Orphan' | 'Background';
  /** Seconds after which the store drops the object. Events. */
  ttlSeconds?(object: KubeObject, options: StrategyOptions): number | undefined;
  /** The cells of a Table row, in the order of facts' columns; absent: name and creation time. `now` in milliseconds. */
  row?(object: KubeObject, now: number): Cell[];
}
