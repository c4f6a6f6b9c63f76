import type { Fields } from '../meta/object.ts';
import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { changed } from './refusal.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** How long pods stay on a node that is not ready or out of reach, where they do not say (plugin/pkg/admission/defaulttolerationseconds). */
export class DefaultTolerationSeconds implements AdmissionPlugin {
  readonly name = 'DefaultTolerationSeconds';
  readonly resources: readonly string[] = ['pods'];
  readonly #seconds: readonly (readonly [key: string, seconds: number])[];

  /** @param seconds `--default-not-ready-toleration-seconds`, `--default-unreachable-toleration-seconds` */
  constructor(seconds: { notReady: number; unreachable: number }) {
    this.#seconds = [
      [NOT_READY, seconds.notReady],
      [UNREACHABLE, seconds.unreachable],
    ];
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  admit({ object, subresource }: AdmissionAttributes): PluginVerdict {
    const spec: Fields | undefined = object?.['spec'];
    if (subresource !== '' || !spec) return ACCEPTED;
    const tolerations: Fields[] = spec['tolerations'] ?? [];
    const added = this.#seconds.filter(([key]) => !tolerations.some((t) => tolerates(t, key)));
    if (added.length === 0) return ACCEPTED;
    spec['tolerations'] = [
      ...tolerations,
      ...added.map(([key, tolerationSeconds]) => ({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds,
      })),
    ];
    return changed('TOLERATIONS_ADDED', { keys: added.map(([key]) => key) });
  }
}

function tolerates({ key, effect }: Fields, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === 'NoExecute');
}
