import { isStatus } from '../meta/status.ts';

/** A control loop that runs from start to stop. */
export interface Controller {
  readonly name: string;
  /** Takes up what there is already, then follows changes. */
  start(): void;
  /** Resolves when what was in work is done. */
  stop(): Promise<void>;
}

/** Told of failures that are tried again. */
export type Complaint = (controller: string, key: string, error: unknown) => void;

/** A create that need not be tried again: its namespace is gone or going. */
export function namespaceGone(error: unknown): boolean {
  if (!isStatus(error)) return false;
  if (error.reason === 'NotFound') return true;
  return (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating');
}
