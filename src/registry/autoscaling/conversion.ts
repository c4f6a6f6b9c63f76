import { cloneJson } from '../../meta/clone.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';

/**
 * HorizontalPodAutoscalers as autoscaling/v1 and as autoscaling/v2, which is what the store keeps
 * (pkg/apis/autoscaling/v1/conversion.go). What v1 has no field for it carries in annotations.
 */

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CARRIERS = [
  METRICS,
  BEHAVIOR,
  'autoscaling.alpha.kubernetes.io/scale-down-tolerance',
  'autoscaling.alpha.kubernetes.io/scale-up-tolerance',
  CURRENT,
  CONDITIONS,
];

const DEFAULT_CPU_PERCENT = 80;

/** Drops what is undefined. */
function only(fields: Fields): Fields {
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return fields;
}

const cpuMetric = (percent: number): Fields => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
});

const isCpuPercent = (metric: Fields): boolean =>
  metric['type'] === 'Resource' &&
  metric['resource']?.name === 'cpu' &&
  metric['resource'].target?.averageUtilization !== undefined;

/** A metric's source in v2's shape as v1 writes it in its annotation. */
function sourceToV1(kind: string, source: Fields): Fields {
  const { metric = {}, target = {} } = source;
  switch (kind) {
    case 'object':
      return only({
        target: source['describedObject'],
        metricName: metric.name ?? '',
        targetValue: target.value ?? '0',
        selector: metric.selector,
        averageValue: target.averageValue,
      });
    case 'pods':
      return only({
        metricName: metric.name ?? '',
        targetAverageValue: target.averageValue ?? '0',
        selector: metric.selector,
      });
    case 'external':
      return only({
        metricName: metric.name ?? '',
        metricSelector: metric.selector,
        targetValue: target.value,
        targetAverageValue: target.averageValue,
      });
    default:
      return only({
        name: source['name'] ?? '',
        targetAverageUtilization: target.averageUtilization,
        targetAverageValue: target.averageValue,
        container: kind === 'containerResource' ? (source['container'] ?? '') : undefined,
      });
  }
}

function sourceFromV1(kind: string, source: Fields): Fields {
  const { metricName: name, selector, targetAverageValue: average } = source;
  switch (kind) {
    case 'object': {
      const { averageValue, targetValue } = source;
      const value =
        averageValue === undefined || (targetValue && targetValue !== '0') ? targetValue : undefined;
      return {
        describedObject: source['target'],
        metric: only({ name, selector }),
        target: only({ type: averageValue === undefined ? 'Value' : 'AverageValue', value, averageValue }),
      };
    }
    case 'pods':
      return { metric: only({ name, selector }), target: { type: 'AverageValue', averageValue: average } };
    case 'external': {
      const value = source['targetValue'];
      return {
        metric: only({ name, selector: source['metricSelector'] }),
        target: only({ type: value === undefined ? 'AverageValue' : 'Value', value, averageValue: average }),
      };
    }
    default: {
      const percent = source['targetAverageUtilization'];
      return only({
        name: source['name'],
        container: source['container'],
        target: only({
          type: percent === undefined ? 'AverageValue' : 'Utilization',
          averageValue: average,
          averageUtilization: percent,
        }),
      });
    }
  }
}

function statusToV1(kind: string, status: Fields): Fields {
  const { metric = {}, current = {} } = status;
  switch (kind) {
    case 'object':
      return only({
        target: status['describedObject'],
        metricName: metric.name ?? '',
        currentValue: current.value ?? '0',
        selector: metric.selector,
        averageValue: current.averageValue,
      });
    case 'pods':
      return only({
        metricName: metric.name ?? '',
        currentAverageValue: current.averageValue ?? '0',
        selector: metric.selector,
      });
    case 'external':
      return only({
        metricName: metric.name ?? '',
        metricSelector: metric.selector,
        currentValue: current.value ?? '0',
        currentAverageValue: current.averageValue,
      });
    default:
      return only({
        name: status['name'] ?? '',
        currentAverageUtilization: current.averageUtilization,
        currentAverageValue: current.averageValue ?? '0',
        container: kind === 'containerResource' ? (status['container'] ?? '') : undefined,
      });
  }
}

function statusFromV1(kind: string, status: Fields): Fields {
  const { metricName: name, selector, currentAverageValue: average, currentValue: value } = status;
  switch (kind) {
    case 'object':
      return {
        metric: only({ name, selector }),
        current: only({ value, averageValue: status['averageValue'] }),
        describedObject: status['target'],
      };
    case 'pods':
      return { metric: only({ name, selector }), current: only({ averageValue: average }) };
    case 'external':
      return {
        metric: only({ name, selector: status['metricSelector'] }),
        current: only({ value, averageValue: average }),
      };
    default:
      return only({
        name: status['name'],
        container: status['container'],
        current: only({ averageValue: average, averageUtilization: status['currentAverageUtilization'] }),
      });
  }
}

const KINDS = ['object', 'pods', 'resource', 'containerResource', 'external'];

function each(entry: Fields, convert: (kind: string, part: Fields) => Fields): Fields {
  const out: Fields = { type: entry['type'] ?? '' };
  for (const kind of KINDS) if (entry[kind]) out[kind] = convert(kind, entry[kind]);
  return out;
}

/** kube-apiserver writes behavior into its annotation with its internal names. */
const RULES: readonly [string, string][] = [
  ['StabilizationWindowSeconds', 'stabilizationWindowSeconds'],
  ['SelectPolicy', 'selectPolicy'],
  ['Policies', 'policies'],
  ['Tolerance', 'tolerance'],
];

function rulesToGo(rules: Fields | undefined): Fields | null {
  if (!rules) return null;
  const out: Fields = Object.fromEntries(RULES.map(([go, json]) => [go, rules[json] ?? null]));
  out['Policies'] =
    rules['policies']?.map((p: Fields) => ({
      Type: p['type'],
      Value: p['value'],
      PeriodSeconds: p['periodSeconds'],
    })) ?? null;
  return out;
}

function rulesFromGo(rules: Fields | null | undefined): Fields | undefined {
  if (!rules) return undefined;
  const out: Fields = Object.fromEntries(
    RULES.flatMap(([go, json]) => (rules[go] == null ? [] : [[json, rules[go]]])),
  );
  if (Array.isArray(out['policies']))
    out['policies'] = out['policies'].map((p: Fields) => ({
      type: p['Type'] ?? '',
      value: p['Value'] ?? 0,
      periodSeconds: p['PeriodSeconds'] ?? 0,
    }));
  return out;
}

/** The annotation's value as JSON; undefined where it is missing or none. */
function carried(annotations: Record<string, string> | undefined, name: string): any {
  const text = annotations?.[name];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutCarriers(object: KubeObject): void {
  const annotations = object.metadata.annotations;
  if (!annotations) return;
  for (const name of CARRIERS) delete annotations[name];
  if (Object.keys(annotations).length === 0) delete object.metadata.annotations;
}

/** An autoscaler of autoscaling/v1, its own defaults set, as autoscaling/v2 writes it. A copy. */
export function autoscalerFromV1(object: KubeObject): KubeObject {
  const out = cloneJson(object);
  out.apiVersion = 'autoscaling/v2';
  const annotations = out.metadata.annotations;
  const spec: Fields = out['spec'] ?? {};
  const { targetCPUUtilizationPercentage: percent, ...rest } = spec;
  const own = percent === undefined ? [] : [cpuMetric(percent)];
  const others = carried(annotations, METRICS);
  const metrics = Array.isArray(others) ? [...others.map((m: Fields) => each(m, sourceFromV1)), ...own] : own;
  const behavior = carried(annotations, BEHAVIOR);
  const rules = only({
    scaleUp: rulesFromGo(behavior?.ScaleUp),
    scaleDown: rulesFromGo(behavior?.ScaleDown),
  });
  out['spec'] = only({
    ...rest,
    metrics: metrics.length ? metrics : [cpuMetric(DEFAULT_CPU_PERCENT)],
    behavior: Object.keys(rules).length ? rules : undefined,
  });
  const { currentCPUUtilizationPercentage: now, ...status } = out['status'] ?? {};
  const current = carried(annotations, CURRENT);
  const conditions = carried(annotations, CONDITIONS);
  out['status'] = only({
    ...status,
    currentMetrics: Array.isArray(current)
      ? current.map((m: Fields) => each(m, statusFromV1))
      : now === undefined
        ? undefined
        : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: now } } }],
    conditions: Array.isArray(conditions) ? conditions : undefined,
  });
  withoutCarriers(out);
  return out;
}

/** An autoscaler of autoscaling/v2 as autoscaling/v1 writes it. A copy. */
export function autoscalerToV1(object: KubeObject): KubeObject {
  const out = cloneJson(object);
  out.apiVersion = 'autoscaling/v1';
  withoutCarriers(out);
  const carry = (name: string, value: unknown) => {
    out.metadata.annotations ??= {};
    out.metadata.annotations[name] = JSON.stringify(value);
  };
  const { metrics: listed, behavior, ...spec } = (out['spec'] ?? {}) as Fields;
  const metrics: Fields[] = listed ?? [];
  const others = metrics.filter((metric) => !isCpuPercent(metric));
  out['spec'] = only({
    ...spec,
    targetCPUUtilizationPercentage: metrics.find(isCpuPercent)?.['resource'].target.averageUtilization,
  });
  const { currentMetrics: seen, conditions: told, ...status } = (out['status'] ?? {}) as Fields;
  // v2 writes null for no metrics.
  const currentMetrics: Fields[] = seen ?? [];
  const conditions: Fields[] = told ?? [];
  const cpu = currentMetrics.findLast(
    (m) =>
      m['type'] === 'Resource' &&
      m['resource']?.name === 'cpu' &&
      m['resource'].current?.averageUtilization != null,
  );
  out['status'] = only({
    ...status,
    currentReplicas: status['currentReplicas'] ?? 0,
    desiredReplicas: status['desiredReplicas'] ?? 0,
    currentCPUUtilizationPercentage: cpu?.['resource'].current.averageUtilization,
  });
  if (others.length)
    carry(
      METRICS,
      others.map((metric) => each(metric, sourceToV1)),
    );
  if (currentMetrics.length)
    carry(
      CURRENT,
      currentMetrics.map((m: Fields) => each(m, statusToV1)),
    );
  if (behavior)
    carry(BEHAVIOR, { ScaleUp: rulesToGo(behavior.scaleUp), ScaleDown: rulesToGo(behavior.scaleDown) });
  if (conditions.length) carry(CONDITIONS, conditions);
  return out;
}

/** What autoscaling/v1 sets by default, in place; v2's defaults are its strategy's. */
export function defaultAutoscalerV1(object: KubeObject): void {
  object['spec'] ??= {};
  object['spec'].minReplicas ??= 1;
}
