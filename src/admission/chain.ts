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
  /** Who is asked about what, by operation and resource: most plugins care about one or two kinds. */
  readonly #asked = new Map<string, Asked>();

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
        if (request.operation !== 'DELETE') return this.#run('validate', request, context);
        const mutating = this.#mutate(request, context);
        if (!mutating) return this.#run('validate', request, context);
        return mutating.then(() => this.#run('validate', request, context));
      },
    };
  }

  #mutate(request: AdmissionRequest, context: AdmissionContext): void | Promise<void> {
    if (this.#of(request).mutate.length === 0) return;
    const reinvocation: Reinvocation = { again: false, wanted: false, notes: new Map() };
    const again = (): void | Promise<void> => {
      if (!reinvocation.wanted) return;
      reinvocation.again = true;
      return this.#run('mutate', request, context, reinvocation);
    };
    const first = this.#run('mutate', request, context, reinvocation);
    return first ? first.then(again) : again();
  }

  #run(
    phase: Phase,
    request: AdmissionRequest,
    context: AdmissionContext,
    reinvocation?: Reinvocation,
  ): void | Promise<void> {
    const plugins = this.#of(request)[phase];
    if (plugins.length === 0) return;
    // Copied last: Node.js 20 makes a new hidden class for every object that is a copy with something added.
    const attributes: AdmissionAttributes = {
      user: context.user,
      now: context.now,
      warn: context.warn,
      annotate: context.annotate,
      ...request,
    };
    if (reinvocation) attributes.reinvocation = reinvocation;
    return from(0, plugins, phase, attributes, context);
  }

  #of({ operation, resource }: AdmissionRequest): Asked {
    const key = `${operation} ${resource.group}/${resource.resource}`;
    let asked = this.#asked.get(key);
    if (!asked) {
      const name = qualified(resource);
      const handling = this.#plugins.filter(
        (plugin) => plugin.handles(operation) && (!plugin.resources || plugin.resources.includes(name)),
      );
      asked = {
        mutate: handling.filter((plugin) => plugin.admit),
        validate: handling.filter((plugin) => plugin.validate),
      };
      this.#asked.set(key, asked);
    }
    return asked;
  }
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
