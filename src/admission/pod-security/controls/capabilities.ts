import { containersOf } from '../../../registry/core/pod/visit.ts';
import { type Check, type Control, containersText, isWindows, nameOf, quoted, sorted } from '../control.ts';

const DEFAULTS = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const baseline: Check = (spec) => {
  const found: string[] = [];
  const bad: string[] = [];
  for (const container of containersOf(spec)) {
    const added: string[] = container['securityContext']?.capabilities?.add ?? [];
    const wrong = added.filter((capability) => !DEFAULTS.has(capability));
    found.push(...wrong);
    if (wrong.length) bad.push(nameOf(container));
  }
  return bad.length
    ? {
        reason: 'non-default capabilities',
        detail: `${containersText(bad)} must not include ${quoted(sorted(found))} in securityContext.capabilities.add`,
      }
    : undefined;
};

const restricted: Check = (spec) => {
  const keeping: string[] = [];
  const adding: string[] = [];
  const found: string[] = [];
  for (const container of containersOf(spec)) {
    const { add = [], drop = [] } = container['securityContext']?.capabilities ?? {};
    if (!drop.includes('ALL')) keeping.push(nameOf(container));
    const wrong: string[] = add.filter((capability: string) => capability !== 'NET_BIND_SERVICE');
    found.push(...wrong);
    if (wrong.length) adding.push(nameOf(container));
  }
  const details = [
    ...(keeping.length
      ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length
      ? [
          `${containersText(adding)} must not include ${quoted(sorted(found))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return details.length ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
};

export const capabilitiesBaseline: Control = {
  id: 'capabilities_baseline',
  level: 'baseline',
  versions: [{ since: 0, check: baseline }],
};

const instead = [capabilitiesBaseline.id];

export const capabilitiesRestricted: Control = {
  id: 'capabilities_restricted',
  level: 'restricted',
  versions: [
    { since: 22, check: restricted, instead },
    {
      since: 25,
      check: (spec, metadata) => (isWindows(spec) ? undefined : restricted(spec, metadata)),
      instead,
    },
  ],
};
