import { quote } from '../../meta/go-quote.ts';
import type { KubeObject } from '../../meta/object.ts';

const SUFFIX = '.static.k8s.io';

/** Names kept for configurations from files on the server (pkg/apis/admissionregistration/validation/static_suffix.go). */
export const reservedNameWarnings = (object: KubeObject): string[] =>
  (object.metadata.name ?? '').endsWith(SUFFIX)
    ? [
        `metadata.name: names ending with ${quote(SUFFIX)} are reserved for static manifest-based configurations and cannot be managed via the API`,
      ]
    : [];
