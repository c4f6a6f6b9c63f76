import { quote } from '../../meta/go-quote.ts';
import { qualifiedNameFaults } from '../../meta/names.ts';
import type { KubeObject } from '../../meta/object.ts';

const STANDARD = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);
const PREFER = 'prefer a domain-qualified finalizer name';
const AVOID = 'to avoid accidental conflicts with other finalizer writers';

/** Warnings of finalizers that an object has newly got (pkg/registry/customresource/validator.go). */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before = new Set(old?.metadata.finalizers);
  const added = [...new Set(object.metadata.finalizers)].filter((name) => !before.has(name)).sort();
  return added.flatMap((name) => {
    const warn = (words: string): string => `metadata.finalizers: ${quote(name)}: ${words}`;
    const warnings = qualifiedNameFaults(name).map(warn);
    if (name.includes('/') || STANDARD.has(name)) return warnings;
    return [
      ...warnings,
      warn(name.includes('.') ? `${PREFER} including a path (/) ${AVOID}` : `${PREFER} ${AVOID}`),
    ];
  });
}
