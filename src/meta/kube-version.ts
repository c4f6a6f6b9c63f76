/** `v2` before `v1` before `v1beta2` before `v1alpha1` before anything else (apimachinery pkg/version, CompareKubeAwareVersionStrings). */
export function compareVersions(a: string, b: string): number {
  const left = kubeAware(a);
  const right = kubeAware(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

function kubeAware(version: string): { major: number; stage: number; minor: number } | undefined {
  const match = /^v([1-9]\d{0,8})(?:(alpha|beta)([1-9]\d{0,8}))?$/.exec(version);
  if (!match) return undefined;
  const stage = match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2;
  return { major: Number(match[1]), stage, minor: Number(match[3] ?? 0) };
}
