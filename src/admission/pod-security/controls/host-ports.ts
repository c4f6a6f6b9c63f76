import type { Fields } from '../../../meta/object.ts';
import { containersOf } from '../../../registry/core/pod/visit.ts';
import { type Check, type Control, containersText, nameOf, plural, sorted } from '../control.ts';

const check: Check = (spec) => {
  const bad: string[] = [];
  const found: string[] = [];
  for (const container of containersOf(spec)) {
    const ports: Fields[] = container['ports'] ?? [];
    const used = ports.filter(({ hostPort }) => hostPort).map(({ hostPort }) => String(hostPort));
    found.push(...used);
    if (used.length) bad.push(nameOf(container));
  }
  if (bad.length === 0) return undefined;
  const ports = sorted(found);
  return {
    reason: 'hostPort',
    detail: `${containersText(bad)} ${plural('uses', 'use', bad.length)} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`,
  };
};

export const hostPorts: Control = { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, check }] };
