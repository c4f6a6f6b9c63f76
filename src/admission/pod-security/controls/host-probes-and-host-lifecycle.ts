import type { Fields } from '../../../meta/object.ts';
import { containersOf } from '../../../registry/core/pod/visit.ts';
import { type Check, type Control, containersText, nameOf, plural, quoted, sorted } from '../control.ts';

const hostsOf = (handler: Fields | undefined): string[] =>
  [handler?.['httpGet']?.host, handler?.['tcpSocket']?.host].filter(Boolean);

const check: Check = (spec) => {
  const bad: string[] = [];
  const found: string[] = [];
  for (const container of containersOf(spec)) {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    const hosts = handlers.flatMap(hostsOf);
    found.push(...hosts);
    if (hosts.length) bad.push(nameOf(container));
  }
  if (bad.length === 0) return undefined;
  const containers = sorted(bad);
  const hosts = sorted(found);
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(containers)} ${plural('uses', 'use', containers.length)} ${plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.length)} ${quoted(hosts)}`,
  };
};

export const hostProbesAndHostLifecycle: Control = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  versions: [{ since: 34, check }],
};
