import { quote } from '../../../meta/go-quote.ts';
import type { Fields } from '../../../meta/object.ts';
import { containersOf } from '../../../registry/core/pod/visit.ts';
import {
  type Check,
  type Control,
  containersText,
  containersWhere,
  isWindows,
  nameOf,
  plural,
  quoted,
  settersText,
  sorted,
  type Violation,
} from '../control.ts';

const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';
const REASON = 'seccompProfile';

const isAllowedValue = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
const isAllowed = (profile: Fields): boolean =>
  profile['type'] === 'Localhost' || profile['type'] === 'RuntimeDefault';
const profileOf = (holder: Fields): Fields | undefined => holder['securityContext']?.seccompProfile;

/** Before 1.19 there were annotations only. */
const annotations: Check = (spec, metadata) => {
  const names = [POD_ANNOTATION, ...containersOf(spec).map((c) => CONTAINER_PREFIX + nameOf(c))];
  const found = names.flatMap((name) => {
    const value = metadata.annotations?.[name];
    return value === undefined || isAllowedValue(value) ? [] : [`${name}=${quote(value)}`];
  });
  const bad = sorted(found);
  return bad.length
    ? {
        reason: REASON,
        detail: `forbidden ${plural('annotation', 'annotations', bad.length)} ${bad.join(', ')}`,
      }
    : undefined;
};

function wrongProfiles(spec: Fields): Violation | undefined {
  const holders = [spec, ...containersOf(spec)].filter((holder) => {
    const profile = profileOf(holder);
    return profile && !isAllowed(profile);
  });
  if (holders.length === 0) return undefined;
  const containers = holders.filter((holder) => holder !== spec).map(nameOf);
  const types = sorted(holders.map((holder) => profileOf(holder)!['type'] ?? ''));
  return {
    reason: REASON,
    detail: `${settersText(holders[0] === spec, containers)} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  };
}

const restricted: Check = (spec) => {
  const wrong = wrongProfiles(spec);
  if (wrong || profileOf(spec)) return wrong;
  const bare = containersWhere(spec, (c) => !profileOf(c));
  return bare.length
    ? {
        reason: REASON,
        detail: `pod or ${containersText(bare)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      }
    : undefined;
};

export const seccompBaseline: Control = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  versions: [
    { since: 0, check: annotations },
    { since: 19, check: wrongProfiles },
  ],
};

const instead = [seccompBaseline.id];

export const seccompRestricted: Control = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  versions: [
    { since: 19, check: restricted, instead },
    {
      since: 25,
      check: (spec, metadata) => (isWindows(spec) ? undefined : restricted(spec, metadata)),
      instead,
    },
  ],
};
