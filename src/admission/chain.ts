import type { AdmissionVerdict } from '../explain/verdict.ts';
import type { UserInfo } from '../meta/user.ts';
import type { AdmissionHook, AdmissionRequest } from '../registry/admission-hook.ts';
import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from './plugin.ts';

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

/** The admission plugins that are on, in kube-apiserver's order (pkg/kubeapiserver/options/plugins.go). */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  get names(): string[] {
    return this.#plugins.map((plugin) => plugin.name);
  }

  /** The chain as the registry calls it for one request. Both phases are over at once where no plugin waits. */
  hook(context: AdmissionContext): AdmissionHook {
    return {
      mutate: (request) => this.#run('mutate', request, context),
      validate: (request) => this.#run('validate', request, context),
    };
  }

  #run(phase: Phase, request: AdmissionRequest, context: AdmissionContext): void | Promise<void> {
    const attributes: AdmissionAttributes = {
      ...request,
      user: context.user,
      now: context.now,
      warn: context.warn,
      annotate: context.annotate,
    };
    return this.#from(0, phase, attributes, context);
  }

  #from(start: number, phase: Phase, attributes: AdmissionAttributes, context: AdmissionContext): void | Promise<void> {
    for (let i = start; i < this.#plugins.length; i++) {
      const plugin = this.#plugins[i]!;
      const ask = phase === 'mutate' ? plugin.admit : plugin.validate;
      if (!ask || !plugin.handles(attributes.operation)) continue;
      const verdict = ask.call(plugin, attributes);
      if (verdict instanceof Promise) {
        return verdict.then((settled) => {
          judge(plugin, phase, settled, context);
          return this.#from(i + 1, phase, attributes, context);
        });
      }
      judge(plugin, phase, verdict, context);
    }
  }
}

function judge(plugin: AdmissionPlugin, phase: Phase, verdict: PluginVerdict, context: AdmissionContext): void {
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
