import type { KubeObject } from '../meta/object.ts';
import { isStatus } from '../meta/status.ts';
import type { ObjectClient } from '../registry/client.ts';
import type { Complaint, Controller } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const POLICIES = { group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' };

/** What is odd about a policy's expressions, for its status. */
export type TypeCheck = (spec: Record<string, unknown>) => readonly { fieldRef: string; warning: string }[];

/** Writes into the status of ValidatingAdmissionPolicies what type checking finds (pkg/controller/validatingadmissionpolicystatus). */
export class PolicyTypeChecking implements Controller {
  readonly name = 'validatingadmissionpolicy-status';
  readonly #client: ObjectClient;
  readonly #check: TypeCheck;
  readonly #queue: WorkQueue;
  #unsubscribe: (() => void) | undefined;

  constructor(client: ObjectClient, check: TypeCheck, complain: Complaint) {
    this.#client = client;
    this.#check = check;
    this.#queue = new WorkQueue({
      handle: (name) => this.#reconcile(name),
      failed: (name, error) => complain(this.name, name, error),
    });
  }

  start(): void {
    const lister = this.#client.lister(POLICIES);
    if (!lister) return;
    const add = ({ metadata }: KubeObject): void => this.#queue.add(metadata.name ?? '');
    this.#unsubscribe = lister.onChange(({ type, object }) => {
      if (type !== 'DELETED') add(object);
    });
    for (const policy of lister.list()) add(policy);
    this.#queue.start();
  }

  stop(): Promise<void> {
    this.#unsubscribe?.();
    return this.#queue.stop();
  }

  async #reconcile(name: string): Promise<void> {
    const policy = this.#client.lister(POLICIES)?.get('', name);
    if (!policy || isChecked(policy)) return;
    const generation = policy.metadata.generation ?? 0;
    const warnings = this.#check(policy['spec'] as Record<string, unknown>);
    const change = (object: KubeObject): boolean => {
      if (object.metadata.generation !== generation || isChecked(object)) return false;
      object['status'] = {
        ...(object['status'] as object | undefined),
        observedGeneration: generation,
        typeChecking: warnings.length ? { expressionWarnings: warnings } : {},
      };
      return true;
    };
    try {
      await this.#client.update(POLICIES, '', name, change, 'status');
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error;
    }
  }
}

function isChecked({ metadata, status }: KubeObject): boolean {
  const observed = (status as { observedGeneration?: number } | undefined)?.observedGeneration ?? 0;
  return (metadata.generation ?? 0) <= observed;
}
