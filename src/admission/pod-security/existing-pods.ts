import type { Clock } from '../../meta/clock.ts';
import { quote } from '../../meta/go-quote.ts';
import type { KubeObject } from '../../meta/object.ts';
import { violations } from './evaluator.ts';
import { type LevelVersion, levelText } from './level.ts';

const MAX_PODS = 3000;
const MAX_MS = 1000;

/**
 * What to warn of when a namespace with these pods comes to enforce a level: pods that would not be let in, by what speaks
 * against them (EvaluatePodsInNamespace). One pod of each controller is looked at first; it ends after 3000 pods or a second.
 */
export function existingPodsWarnings(
  namespace: string,
  pods: readonly KubeObject[],
  enforce: LevelVersion,
  clock: Clock,
): string[] {
  const deadline = clock.monotonic() + MAX_MS;
  const found = new Map<string, { name: string; count: number }>();
  let checked = 0;
  for (const pod of oneOfEachFirst(pods).slice(0, MAX_PODS)) {
    checked++;
    const reasons = violations(enforce, pod)
      .map(({ reason }) => reason)
      .join(', ');
    if (reasons !== '') {
      const name = pod.metadata.name ?? '';
      const known = found.get(reasons);
      if (!known) found.set(reasons, { name, count: 1 });
      else {
        known.count++;
        if (name < known.name) known.name = name;
      }
    }
    if (clock.monotonic() >= deadline) break;
  }
  const warnings: string[] = [];
  if (checked < pods.length)
    warnings.push(
      `new PodSecurity enforce level only checked against the first ${checked} of ${pods.length} existing pods`,
    );
  if (found.size)
    warnings.push(
      `existing pods in namespace ${quote(namespace)} violate the new PodSecurity enforce level ${quote(levelText(enforce))}`,
    );
  return [
    ...warnings,
    ...[...found].map(([reasons, { name, count }]) => `${podsText(name, count)}: ${reasons}`).sort(),
  ];
}

function podsText(name: string, count: number): string {
  if (count === 1) return name;
  return count === 2 ? `${name} (and 1 other pod)` : `${name} (and ${count - 1} other pods)`;
}

/** Pods of one controller are likely all the same: the second and further ones come last. */
function oneOfEachFirst(pods: readonly KubeObject[]): KubeObject[] {
  const first: KubeObject[] = [];
  const others: KubeObject[] = [];
  const seen = new Set<string>();
  for (const pod of pods) {
    const uid = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    if (uid !== undefined && seen.has(uid)) others.push(pod);
    else first.push(pod);
    if (uid !== undefined) seen.add(uid);
  }
  return [...first, ...others];
}
