import { quote } from '../../../meta/go-quote.ts';
import { containersOf } from '../../../registry/core/pod/visit.ts';
import { type Check, type Control, nameOf, plural, quoted, settersText, sorted } from '../control.ts';

const ANNOTATION_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
const ALLOWED = ['RuntimeDefault', 'Localhost'];

const isAllowedValue = (value: string): boolean =>
  value === '' || value === 'runtime/default' || value.startsWith('localhost/');

const check: Check = (spec, metadata) => {
  const values: string[] = [];
  const isBad = (profile: { type?: string } | undefined): boolean => {
    if (!profile || ALLOWED.includes(profile.type ?? '')) return false;
    values.push(profile.type ?? '');
    return true;
  };
  const pod = isBad(spec['securityContext']?.appArmorProfile);
  const containers = containersOf(spec)
    .filter((c) => isBad(c['securityContext']?.appArmorProfile))
    .map(nameOf);
  const annotations = Object.entries(metadata.annotations ?? {})
    .filter(([name, value]) => name.startsWith(ANNOTATION_PREFIX) && !isAllowedValue(value))
    .map(([name, value]) => `${name}=${quote(value)}`)
    .sort();
  const setters = [
    ...(pod || containers.length ? [settersText(pod, containers)] : []),
    ...(annotations.length ? [plural('annotation', 'annotations', annotations.length)] : []),
  ];
  if (setters.length === 0) return undefined;
  const found = [...sorted(values), ...annotations];
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', found.length),
    detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(found)}`,
  };
};

export const appArmorProfile: Control = {
  id: 'appArmorProfile',
  level: 'baseline',
  versions: [{ since: 0, check }],
};
