import type { AdmissionVerdict } from '../explain/verdict.ts';
import { qualified } from '../meta/object.ts';
import type { UserInfo } from '../meta/user.ts';
import type { AdmissionHook, AdmissionRequest } from '../registry/admission-hook.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionPlugin,
  type PluginVerdict,
  type Reinvocation,
} from './plugin.ts';

/** Who makes the request that admission looks at, and where what plugins say goes. */
export interface AdmissionContext {
  user: UserInfo;
  /** Milliseconds since 1970. */
  now: number;
  warn(text: string): void;
  annotate(key: string, value: string): void;
  /** Takes each verdict that is more than "nothing to object". */
  note(verdict: AdmissionVerdict): void;
}

type Phase = 'mutate' | 'validate';
type Asked = Readonly<Record<Phase, readonly AdmissionPlugin[]>>;

/** The admission plugins that are on, in kube-apiserver's order (pkg/kubeapiserver/options/plugins.go). */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  /** Who is asked about what, by operation, group and resource: most plugins care about one or two kinds. */
  readonly #asked = new Map<string, Map<string, Map<string, Asked>>>();

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  get names(): string[] {
    return this.#plugins.map((plugin) => plugin.name);
  }

  /** The chain as the registry calls it for one request. Both phases are over at once where no plugin waits. */
  hook(context: AdmissionContext): AdmissionHook {
    return {
      mutate: (request) => this.#mutate(request, context),
      validate: (request) => {
        // A delete has no object to change, and so no phase of its own for it; the plugins are asked all the same.
        if (request.operation !== 'DELETE') return this.#validate(request, context);
        const mutating = this.#mutate(request, context);
        if (!mutating) return this.#validate(request, context);
        return mutating.then(() => this.#validate(request, context));
      },
    };
  }

  #mutate(request: AdmissionRequest, context: AdmissionContext): void | Promise<void> {
    const { mutate: plugins } = this.#of(request);
    if (plugins.length === 0) return;
    const attributes = attributesOf(request, context);
    const reinvocation = new Runs();
    attributes.reinvocation = reinvocation;
    const again = (): void | Promise<void> => {
      if (!reinvocation.wanted) return;
      reinvocation.again = true;
      return from(0, plugins, 'mutate', attributes, context);
    };
    const first = from(0, plugins, 'mutate', attributes, context);
    return first ? first.then(again) : again();
  }

  #validate(request: AdmissionRequest, context: AdmissionContext): void | Promise<void> {
    const { validate: plugins } = this.#of(request);
    if (plugins.length > 0) return from(0, plugins, 'validate', attributesOf(request, context), context);
  }

  #of({ operation, resource: { group, resource } }: AdmissionRequest): Asked {
    const known = this.#asked.get(operation)?.get(group)?.get(resource);
    if (known) return known;
    const name = qualified({ group, resource });
    const handling = this.#plugins.filter(
      (plugin) => plugin.handles(operation) && (!plugin.resources || plugin.resources.includes(name)),
    );
    const asked = {
      mutate: handling.filter((plugin) => plugin.admit),
      validate: handling.filter((plugin) => plugin.validate),
    };
    const ofOperation = this.#asked.get(operation) ?? new Map<string, Map<string, Asked>>();
    const ofGroup = ofOperation.get(group) ?? new Map<string, Asked>();
    this.#asked.set(operation, ofOperation.set(group, ofGroup.set(resource, asked)));
    return asked;
  }
}

/** Most requests leave no notes. */
class Runs implements Reinvocation {
  again = false;
  wanted = false;
  #notes: Map<string, unknown> | undefined;

  get notes(): Map<string, unknown> {
    this.#notes ??= new Map();
    return this.#notes;
  }
}

/** Field by field: to spread a request costs as much as to ask all plugins of most resources. */
function attributesOf(request: AdmissionRequest, context: AdmissionContext): AdmissionAttributes {
  const attributes: AdmissionAttributes = {
    operation: request.operation,
    kind: request.kind,
    resource: request.resource,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    options: request.options,
    dryRun: request.dryRun,
    user: context.user,
    now: context.now,
    warn: context.warn,
    annotate: context.annotate,
  };
  if (request.object) attributes.object = request.object;
  if (request.oldObject) attributes.oldObject = request.oldObject;
  if (request.requested) attributes.requested = request.requested;
  return attributes;
}

function from(
  start: number,
  plugins: readonly AdmissionPlugin[],
  phase: Phase,
  attributes: AdmissionAttributes,
  context: AdmissionContext,
): void | Promise<void> {
  for (let i = start; i < plugins.length; i++) {
    const plugin = plugins[i]!;
    const verdict = phase === 'mutate' ? plugin.admit!(attributes) : plugin.validate!(attributes);
    if (verdict instanceof Promise) {
      return verdict.then((settled) => {
        judge(plugin, phase, settled, context);
        return from(i + 1, plugins, phase, attributes, context);
      });
    }
    judge(plugin, phase, verdict, context);
  }
}

function judge(
  plugin: AdmissionPlugin,
  phase: Phase,
  verdict: PluginVerdict,
  context: AdmissionContext,
): void {
  if (verdict === ACCEPTED) return;
  context.note({
    by: plugin.name,
    phase,
    outcome: verdict.outcome,
    code: verdict.code ?? 'ACCEPTED',
    facts: verdict.facts ?? {},
  });
  if (verdict.outcome === 'denied') throw verdict.error;
}
