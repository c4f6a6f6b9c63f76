import type { UserInfo } from '../meta/user.ts';
import type { AdmissionHook, ResourceVersion } from './admission-hook.ts';

/** What a write through the registry knows of its request. */
export interface WriteContext {
  user: UserInfo;
  /** Milliseconds since 1970. */
  now: number;
  dryRun: boolean;
  /** Whose name the write bears in managedFields: fieldManager, or what stands before the slash of the user agent. */
  manager: string;
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, with kind and apiVersion. */
  options: Record<string, unknown>;
  admission: AdmissionHook;
  /** The version that the client uses, where the store's is another. */
  requested?: ResourceVersion;
  warn(text: string): void;
}
