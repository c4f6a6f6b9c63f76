import type { Fields, ObjectMeta } from '../../meta/object.ts';
import type { Control, Violation } from './control.ts';
import { allowPrivilegeEscalation } from './controls/allow-privilege-escalation.ts';
import { appArmorProfile } from './controls/app-armor-profile.ts';
import { capabilitiesBaseline, capabilitiesRestricted } from './controls/capabilities.ts';
import { hostNamespaces } from './controls/host-namespaces.ts';
import { hostPathVolumes } from './controls/host-path-volumes.ts';
import { hostPorts } from './controls/host-ports.ts';
import { hostProbesAndHostLifecycle } from './controls/host-probes-and-host-lifecycle.ts';
import { privileged } from './controls/privileged.ts';
import { procMountBaseline, procMountRestricted } from './controls/proc-mount.ts';
import { restrictedVolumes } from './controls/restricted-volumes.ts';
import { runAsNonRoot } from './controls/run-as-non-root.ts';
import { runAsUser } from './controls/run-as-user.ts';
import { seLinuxOptions } from './controls/se-linux-options.ts';
import { seccompBaseline, seccompRestricted } from './controls/seccomp-profile.ts';
import { sysctls } from './controls/sysctls.ts';
import { windowsHostProcess } from './controls/windows-host-process.ts';
import { type LevelVersion, levelText } from './level.ts';

const byId = (a: Control, b: Control): number => (a.id < b.id ? -1 : 1);

const BASELINE: readonly Control[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMountBaseline,
  seLinuxOptions,
  seccompBaseline,
  sysctls,
  windowsHostProcess,
].sort(byId);
const RESTRICTED: readonly Control[] = [
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
].sort(byId);

type ControlVersion = Control['versions'][number];

/** The newest minor in which a control changed: all later ones check the same. */
const NEWEST = Math.max(
  ...[...BASELINE, ...RESTRICTED].flatMap(({ versions }) => versions.map((v) => v.since)),
);

const made = new Map<string, readonly ControlVersion[]>();

function controlsOf({ level, version }: LevelVersion): readonly ControlVersion[] {
  const minor = version === 'latest' ? NEWEST : Math.min(version, NEWEST);
  const key = levelText({ level, version: minor });
  let controls = made.get(key);
  if (!controls) {
    controls = assemble(level === 'restricted', minor);
    made.set(key, controls);
  }
  return controls;
}

function assemble(restricted: boolean, minor: number): ControlVersion[] {
  const at = ({ versions }: Control): ControlVersion | undefined =>
    versions.findLast((v) => v.since <= minor);
  const own = restricted ? RESTRICTED.map(at) : [];
  const replaced = new Set(own.flatMap((control) => control?.instead ?? []));
  const baseline = BASELINE.filter(({ id }) => !replaced.has(id)).map(at);
  return [...baseline, ...own].filter((control) => control !== undefined);
}

/** What speaks against a pod, or a pod template, at a level; nothing does at privileged. */
export function violations(wanted: LevelVersion, pod: { spec?: Fields; metadata?: ObjectMeta }): Violation[] {
  if (wanted.level === 'privileged') return [];
  const found: Violation[] = [];
  for (const { check } of controlsOf(wanted)) {
    const violation = check(pod.spec ?? {}, pod.metadata ?? {});
    if (violation) found.push(violation);
  }
  return found;
}

/** `host namespaces (hostPID=true), privileged (…)`. */
export const violationsText = (found: readonly Violation[]): string =>
  found.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
