import type { Fields, KubeObject } from '../../meta/object.ts';
import { quantityOf } from '../core/pod/resources.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { autoscalerErrors } from './autoscaler-validation.ts';

const UNKNOWN = '<unknown>';
const SOURCE: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};

const percent = (value: unknown, otherwise: string) => (value === undefined ? otherwise : `${value}%`);
const amount = (value: unknown, otherwise: string) =>
  value === undefined ? otherwise : quantityOf(value).toString();

function metricCell(metric: Fields, status: Fields | undefined): string {
  const kind = SOURCE[metric['type'] ?? ''];
  if (!kind) return '<unknown type>';
  const source: Fields = metric[kind] ?? {};
  const target: Fields = source['target'] ?? {};
  const current: Fields = status?.[kind]?.current ?? {};
  const { averageValue } = target;
  if (kind === 'resource' || kind === 'containerResource')
    return averageValue === undefined
      ? `${source['name']}: ${percent(current['averageUtilization'], UNKNOWN)}/${percent(target['averageUtilization'], '<auto>')}`
      : `${source['name']}: ${amount(current['averageValue'], UNKNOWN)}/${amount(averageValue, '')}`;
  if (kind === 'pods') return `${amount(current['averageValue'], UNKNOWN)}/${amount(averageValue, '')}`;
  return averageValue === undefined
    ? `${amount(current['value'], UNKNOWN)}/${amount(target['value'], '')}`
    : `${amount(current['averageValue'], UNKNOWN)}/${amount(averageValue, '')} (avg)`;
}

function metricsCell(object: KubeObject): string {
  const metrics: Fields[] = object['spec']?.metrics ?? [];
  const current: Fields[] = object['status']?.currentMetrics ?? [];
  if (!metrics.length) return '<none>';
  const cells = metrics.map((metric, i) => metricCell(metric, current[i]));
  return cells.length > 2
    ? `${cells.slice(0, 2).join(', ')} + ${cells.length - 2} more...`
    : cells.join(', ');
}

const pods = { type: 'Pods', value: 4, periodSeconds: 15 };
const all = { type: 'Percent', value: 100, periodSeconds: 15 };

/** pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go, over autoscaling/v2's shape. */
export const horizontalpodautoscalers: Strategy = {
  defaults(object) {
    object['spec'] ??= {};
    const spec: Fields = object['spec'];
    spec['minReplicas'] ??= 1;
    if (!spec['metrics']?.length)
      spec['metrics'] = [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
        },
      ];
    const behavior: Fields | undefined = spec['behavior'];
    if (!behavior) return;
    behavior['scaleUp'] = {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [{ ...pods }, { ...all }],
      ...behavior['scaleUp'],
    };
    behavior['scaleDown'] = { selectPolicy: 'Max', policies: [{ ...all }], ...behavior['scaleDown'] };
  },
  prepareForCreate(object) {
    object['status'] = { currentMetrics: null, desiredReplicas: 0 };
  },
  prepareForUpdate(object, old) {
    object['status'] = old['status'];
  },
  validate: (object) => autoscalerErrors(object),
  validateUpdate: autoscalerErrors,
  status: {
    prepareForUpdate(object, old) {
      object['spec'] = old['spec'];
    },
    validateUpdate: (object) => [
      ...nonNegative(object['status']?.currentReplicas ?? 0, 'status.currentReplicas'),
      ...nonNegative(object['status']?.desiredReplicas ?? 0, 'status.desiredReplicas'),
    ],
  },
  row: (object, now) => [
    object.metadata.name ?? '',
    `${object['spec']?.scaleTargetRef?.kind ?? ''}/${object['spec']?.scaleTargetRef?.name ?? ''}`,
    metricsCell(object),
    object['spec']?.minReplicas === undefined ? '<unset>' : String(object['spec'].minReplicas),
    object['spec']?.maxReplicas ?? 0,
    object['status']?.currentReplicas ?? 0,
    age(object, now),
  ],
};
