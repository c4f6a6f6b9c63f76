import { cloneJson } from '../meta/clone.ts';
import { deepEqual } from '../meta/deep-equal.ts';
import type { KubeObject } from '../meta/object.ts';
import type { AdmissionAttributes, Reinvocation } from './plugin.ts';

/** Which webhooks or policies of one plugin are to be called again in a second run. */
export class Reinvocable {
  readonly #context: Reinvocation;
  readonly #called = new Set<string>();
  readonly #due = new Set<string>();
  #output: KubeObject | undefined;

  private constructor(context: Reinvocation) {
    this.#context = context;
  }

  /** The plugin's, kept from run to run. */
  static of(attributes: AdmissionAttributes, plugin: string): Reinvocable {
    const context = attributes.reinvocation ?? { again: false, wanted: false, notes: new Map() };
    let own = context.notes.get(plugin) as Reinvocable | undefined;
    if (!own) {
      own = new Reinvocable(context);
      context.notes.set(plugin, own);
    }
    return own;
  }

  get again(): boolean {
    return this.#context.again;
  }

  /** Plugins in between may have changed the object: then all that may be called again are. */
  begin(object: KubeObject | undefined): void {
    if (this.again && !deepEqual(object, this.#output)) this.#require();
  }

  end(object: KubeObject | undefined): void {
    this.#output = cloneJson(object);
  }

  /** Nobody is called for the first time in a second run. */
  calls(key: string): boolean {
    return !this.again || this.#due.has(key);
  }

  changed(): void {
    this.#require();
    this.#context.wanted = true;
  }

  mayAgain(key: string): void {
    this.#called.add(key);
  }

  #require(): void {
    for (const key of this.#called) this.#due.add(key);
    this.#called.clear();
  }
}
