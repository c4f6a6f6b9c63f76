import { child, index } from '../../../meta/field-error.ts';
import { quote } from '../../../meta/go-quote.ts';
import type { Fields } from '../../../meta/object.ts';
import { visitContainers } from './visit.ts';

/** Ports of one number are compared each with each: so many times, no more. */
const MOST_COMPARISONS = 100_000;

interface Block {
  field: string;
  hostIP: string;
  hostPort: number;
}

/** Ports of containers that say the same, or contradict each other (pkg/api/pod/warnings.go). */
export function portWarnings(spec: Fields, path: string): string[] {
  const warnings: string[] = [];
  const taken = new Map<string, Block[]>();
  const names = new Map<string, string>();
  const nameWarnings: string[] = [];
  let comparisons = 0;
  visitContainers(spec, path, (container, at) => {
    container['ports']?.forEach((port: Fields, i: number) => {
      const block: Block = {
        field: index(child(at, 'ports'), i),
        hostIP: port['hostIP'] ?? '',
        hostPort: port['hostPort'] ?? 0,
      };
      if (block.hostIP !== '' && block.hostPort === 0)
        warnings.push(`${block.field}: hostIP set without hostPort: ${goPort(port)}`);
      const place = `${port['containerPort'] ?? 0}/${port['protocol'] ?? ''}`;
      const others = taken.get(place) ?? [];
      for (const other of others) {
        if (comparisons++ >= MOST_COMPARISONS) break;
        const words = conflict(block, other);
        if (words) warnings.push(`${block.field}: ${words} port definition with ${other.field}`);
      }
      others.push(block);
      taken.set(place, others);
      const name: string = port['name'] ?? '';
      const other = names.get(name);
      if (name === '') return;
      if (other === undefined) names.set(name, block.field);
      else
        nameWarnings.push(
          `${block.field}: duplicate port name ${quote(name)} with ${other}, services and probes that select ports by name will use ${other}`,
        );
    });
  });
  return [...warnings, ...nameWarnings];
}

function conflict(one: Block, other: Block): string | undefined {
  if (one.hostIP === other.hostIP && one.hostPort === other.hostPort) return 'duplicate';
  if (one.hostPort === 0 || other.hostPort === 0) return 'overlapping';
  const wild = one.hostIP === '' || other.hostIP === '';
  return one.hostPort === other.hostPort && wild && one.hostIP !== other.hostIP
    ? 'dangerously ambiguous'
    : undefined;
}

/** As Go's %+v prints it. */
const goPort = (port: Fields): string =>
  `{Name:${port['name'] ?? ''} HostPort:${port['hostPort'] ?? 0} ContainerPort:${port['containerPort'] ?? 0} Protocol:${port['protocol'] ?? ''} HostIP:${port['hostIP'] ?? ''}}`;
