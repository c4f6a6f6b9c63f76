import { type FieldError, invalid, key } from '../../meta/field-error.ts';

/** Pod Security levels, their versions, and what a namespace's labels make of them (pod-security-admission api/helpers.go). */

export type Level = 'privileged' | 'baseline' | 'restricted';

/** The minor of `v1.N`; `latest` is newer than all. */
export type Version = number | 'latest';

export interface LevelVersion {
  level: Level;
  version: Version;
}

export interface PodSecurityPolicy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

export type Mode = keyof PodSecurityPolicy;

export const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];
const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
export const LABEL_PREFIX = 'pod-security.kubernetes.io/';

export const LEVEL_WRONG = `must be one of ${LEVELS.join(', ')}`;
export const VERSION_WRONG = 'must be "latest" or "v1.x"';

export const parseLevel = (text: string): Level | undefined => LEVELS.find((level) => level === text);

export function parseVersion(text: string): Version | undefined {
  if (text === 'latest') return text;
  const minor = /^v1\.(0|[1-9][0-9]{0,18})$/.exec(text)?.[1];
  if (minor === undefined || BigInt(minor) > 2n ** 63n - 1n) return undefined;
  return Number(minor);
}

/** `baseline:v1.30`. */
export const levelText = ({ level, version }: LevelVersion): string =>
  `${level}:${version === 'latest' ? version : `v1.${version}`}`;

/** Above 0 where a is stricter than b. */
export const compareLevels = (a: Level, b: Level): number => LEVELS.indexOf(a) - LEVELS.indexOf(b);

export const same = (a: LevelVersion, b: LevelVersion): boolean =>
  a.level === b.level && a.version === b.version;

export const isFullyPrivileged = (policy: PodSecurityPolicy): boolean =>
  MODES.every((mode) => policy[mode].level === 'privileged');

/** Whether two policies come to the same: versions of privileged do not matter. */
export const isEquivalent = (a: PodSecurityPolicy, b: PodSecurityPolicy): boolean =>
  MODES.every(
    (mode) => (a[mode].level === 'privileged' && b[mode].level === 'privileged') || same(a[mode], b[mode]),
  );

/**
 * What holds in a namespace with these labels. There always is a policy: a label that cannot be read makes for
 * restricted:latest where it enforces, and for nothing where it audits or warns.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: PodSecurityPolicy,
): { policy: PodSecurityPolicy; errors: FieldError[] } {
  const policy = {
    enforce: { ...defaults.enforce },
    audit: { ...defaults.audit },
    warn: { ...defaults.warn },
  };
  const errors: FieldError[] = [];
  if (!labels) return { policy, errors };
  const fault = (label: string, value: string, why: string): void => {
    errors.push(invalid(key('metadata.labels', label), value, why));
  };
  let enforces = false;
  for (const mode of MODES) {
    const levelLabel = `${LABEL_PREFIX}${mode}`;
    const level = labels[levelLabel];
    if (level !== undefined) {
      const parsed = parseLevel(level);
      if (!parsed) fault(levelLabel, level, LEVEL_WRONG);
      else if (mode === 'enforce') enforces = true;
      policy[mode].level = parsed ?? (mode === 'enforce' ? 'restricted' : 'privileged');
    }
    const versionLabel = `${levelLabel}-version`;
    const version = labels[versionLabel];
    if (version !== undefined) {
      const parsed = parseVersion(version);
      if (parsed === undefined) fault(versionLabel, version, VERSION_WRONG);
      policy[mode].version = parsed ?? 'latest';
    }
  }
  const { enforce, warn } = policy;
  // Whoever enforces more than is warned of wants to be warned of as much.
  if (
    enforces &&
    labels[`${LABEL_PREFIX}warn`] === undefined &&
    compareLevels(enforce.level, warn.level) > 0
  ) {
    warn.level = enforce.level;
    if (labels[`${LABEL_PREFIX}warn-version`] === undefined) warn.version = enforce.version;
  }
  return { policy, errors };
}
