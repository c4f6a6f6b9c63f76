import { humanAge } from '../../../meta/human-age.ts';
import type { Fields, KubeObject } from '../../../meta/object.ts';
import type { Cell } from '../../strategy.ts';
import { age } from '../../table-cells.ts';
import { restartsAlways } from './visit.ts';

/** The row of a pod in a Table (printPod in pkg/printers/internalversion/printers.go). */

interface Tally {
  reason: string;
  restarts: number;
  lastRestart: number;
  ready: number;
}

const conditionIsTrue = (status: Fields, type: string): boolean =>
  status['conditions']?.find((c: Fields) => c['type'] === type)?.status === 'True';

const finishedAt = (status: Fields): number =>
  Date.parse(status['lastState']?.terminated?.finishedAt ?? '') || 0;

const ended = (terminated: Fields): string =>
  terminated['reason'] ||
  (terminated['signal'] ? `Signal:${terminated['signal']}` : `ExitCode:${terminated['exitCode'] ?? 0}`);

export function podRow(pod: KubeObject, now: number): Cell[] {
  const spec: Fields = pod['spec'] ?? {};
  const status: Fields = pod['status'] ?? {};
  const inits: Fields[] = spec['initContainers'] ?? [];
  const total = (spec['containers']?.length ?? 0) + inits.filter(restartsAlways).length;
  const tally = tallyOf(spec, status);
  let reason = tally.reason;
  if (pod.metadata.deletionTimestamp) {
    if (status['reason'] === 'NodeLost') reason = 'Unknown';
    else if (status['phase'] !== 'Succeeded' && status['phase'] !== 'Failed') reason = 'Terminating';
  }
  const restarts =
    tally.restarts && tally.lastRestart
      ? `${tally.restarts} (${humanAge(now - tally.lastRestart)} ago)`
      : `${tally.restarts}`;
  return [
    pod.metadata.name ?? '',
    `${tally.ready}/${total}`,
    reason,
    restarts,
    age(pod, now),
    status['podIPs']?.[0]?.ip || '<none>',
    spec['nodeName'] || '<none>',
    status['nominatedNodeName'] || '<none>',
    readinessGates(spec, status),
  ];
}

function readinessGates(spec: Fields, status: Fields): string {
  const gates: Fields[] = spec['readinessGates'] ?? [];
  if (gates.length === 0) return '<none>';
  return `${gates.filter((gate) => conditionIsTrue(status, gate['conditionType'])).length}/${gates.length}`;
}

function tallyOf(spec: Fields, status: Fields): Tally {
  let reason: string = status['reason'] || status['phase'] || '';
  if (
    status['conditions']?.some(
      (c: Fields) => c['type'] === 'PodScheduled' && c['reason'] === 'SchedulingGated',
    )
  )
    reason = 'SchedulingGated';
  const all: Tally = { reason, restarts: 0, lastRestart: 0, ready: 0 };
  const sidecars = { restarts: 0, lastRestart: 0 };
  const initializing = tallyInits(spec, status, all, sidecars);
  if (initializing && !conditionIsTrue(status, 'Initialized')) return all;
  const tally: Tally = { ...all, ...sidecars };
  let running = false;
  let failure = '';
  for (const container of [...(status['containerStatuses'] ?? [])].reverse()) {
    const state: Fields = container.state ?? {};
    tally.restarts += container.restartCount ?? 0;
    tally.lastRestart = Math.max(tally.lastRestart, finishedAt(container));
    if (state['waiting']?.reason) tally.reason = state['waiting'].reason;
    else if (state['terminated']) {
      tally.reason = ended(state['terminated']);
      if (state['terminated'].exitCode) failure = tally.reason;
    } else if (container.ready && state['running']) {
      running = true;
      tally.ready++;
    }
  }
  if (tally.reason === 'Completed') {
    if (running && conditionIsTrue(status, 'Ready')) tally.reason = 'Running';
    else if (failure) tally.reason = failure;
    else if (running) tally.reason = 'NotReady';
  }
  return tally;
}

/** Counts init containers up to the first that is not done; true where there is one. */
function tallyInits(
  spec: Fields,
  status: Fields,
  all: Tally,
  sidecars: { restarts: number; lastRestart: number },
): boolean {
  const inits = new Map<string, Fields>((spec['initContainers'] ?? []).map((c: Fields) => [c['name'], c]));
  const statuses: Fields[] = status['initContainerStatuses'] ?? [];
  for (const [i, container] of statuses.entries()) {
    const state: Fields = container['state'] ?? {};
    const sidecar = restartsAlways(inits.get(container['name']));
    all.restarts += container['restartCount'] ?? 0;
    all.lastRestart = Math.max(all.lastRestart, finishedAt(container));
    if (sidecar) {
      sidecars.restarts += container['restartCount'] ?? 0;
      sidecars.lastRestart = Math.max(sidecars.lastRestart, finishedAt(container));
    }
    if (state['terminated'] && !state['terminated'].exitCode) continue;
    if (sidecar && container['started']) {
      if (container['ready']) all.ready++;
      continue;
    }
    const waiting: string = state['waiting']?.reason ?? '';
    if (state['terminated']) all.reason = `Init:${ended(state['terminated'])}`;
    else if (waiting !== '' && waiting !== 'PodInitializing') all.reason = `Init:${waiting}`;
    else all.reason = `Init:${i}/${spec['initContainers']?.length ?? 0}`;
    return true;
  }
  return false;
}
