import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid, required } from '../../meta/field-error.ts';
import { humanAge } from '../../meta/human-age.ts';
import {
  labelSelectorErrors,
  labelSelectorHasInvalidValue,
  matchesLabelSelector,
} from '../../meta/label-selector.ts';
import { dns1123LabelFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { add } from '../core/pod/faults.ts';
import { goMap, goSelector } from '../core/pod/go-value.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { part } from '../core/pod/part.ts';
import { defaultTemplate } from '../core/pod/spec-defaults.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import { hostnameWarning, podWarnings } from '../core/pod/warnings.ts';
import {
  containerCells,
  formatSelector,
  keepSpec,
  prepareNewWorkload,
  prepareWorkloadUpdate,
  selectorIsBroken,
} from '../core/pod/workload.ts';
import { immutable } from '../field-validation.ts';
import type { Strategy, StrategyContext } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { jobSpecErrors } from './job-spec.ts';
import { jobStatusErrors } from './job-status.ts';
import { jobTemplateChangeErrors } from './job-template-change.ts';

const NAME_LABELS = ['job-name', 'batch.kubernetes.io/job-name'] as const;
const UID_LABELS = ['controller-uid', 'batch.kubernetes.io/controller-uid'] as const;
const MAX_INT32 = 2147483647;

/** Defaults of a Job's spec; CronJobs' templates get them only where they say so themselves (SetDefaults_Job). */
function defaults(object: KubeObject): void {
  const spec: Fields = part(object, 'spec');
  defaultTemplate(spec);
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
  spec['parallelism'] ??= 1;
  spec['backoffLimit'] ??= spec['backoffLimitPerIndex'] === undefined ? 6 : MAX_INT32;
  const labels: Record<string, string> | undefined = spec['template'].metadata.labels;
  // The same map, not a copy: what the server adds to the one is in the other.
  if (labels && Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = labels;
  spec['completionMode'] ??= 'NonIndexed';
  spec['suspend'] ??= false;
  spec['podReplacementPolicy'] ??= spec['podFailurePolicy'] ? 'Failed' : 'TerminatingOrFailed';
  spec['manualSelector'] ??= false;
  defaultPodFailurePolicy(spec);
}

/** A condition that a rule names counts where it is true. */
export function defaultPodFailurePolicy(spec: Fields): void {
  for (const rule of spec['podFailurePolicy']?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
}

/** A selector of the Job's own uid, and the labels that go with it, unless the client minds them itself. */
function generateSelector(job: KubeObject): void {
  const spec: Fields = job['spec'];
  if (spec['manualSelector']) return;
  const meta: Fields = part(spec['template'], 'metadata');
  const labels: Record<string, string> = { ...meta['labels'] };
  const shared = job.metadata.labels === undefined || job.metadata.labels === meta['labels'];
  for (const name of NAME_LABELS) labels[name] ??= job.metadata.name ?? '';
  for (const name of UID_LABELS) labels[name] ??= job.metadata.uid ?? '';
  meta['labels'] = labels;
  if (shared) job.metadata.labels = { ...labels };
  spec['selector'] ??= {};
  spec['selector'].matchLabels = { [UID_LABELS[1]]: job.metadata.uid ?? '', ...spec['selector'].matchLabels };
}

function generatedSelectorErrors(job: KubeObject, prefixed: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const spec: Fields = job['spec'];
  if (spec['manualSelector'] || !spec['selector']) return errors;
  if (!job.metadata.uid) errors.push(required('metadata.uid'));
  const labels: Record<string, string> | undefined = spec['template'].metadata?.labels;
  const expected: Record<string, string> = {};
  const expect = (name: string, value: string) => {
    const at = `spec.template.metadata.labels[${name}]`;
    expected[name] = value;
    if (labels?.[name] === undefined) errors.push(required(at, `must be '${value}'`));
    else if (labels[name] !== value) errors.push(invalid(at, goMap(labels), `must be '${value}'`));
  };
  for (const i of prefixed ? ([0, 1] as const) : ([0] as const)) {
    expect(UID_LABELS[i], job.metadata.uid ?? '');
    expect(NAME_LABELS[i], job.metadata.name ?? '');
  }
  if (!selectorIsBroken(spec['selector']) && !matchesLabelSelector(spec['selector'], expected))
    errors.push(invalid('spec.selector', goSelector(spec['selector']), '`selector` not auto-generated'));
  return errors;
}

function specErrors(spec: Fields, options: PodValidationOptions): FieldError[] {
  const errors = jobSpecErrors(spec, 'spec', options);
  const selector: Fields | undefined = spec['selector'];
  if (!selector) errors.push(required('spec.selector'));
  else add(errors, labelSelectorErrors(selector, 'spec.selector', options.allowInvalidLabelValueInSelector));
  const labels = spec['template']?.metadata?.labels;
  if (!selectorIsBroken(selector) && !matchesLabelSelector(selector, labels))
    errors.push(
      invalid('spec.template.metadata.labels', goMap(labels), '`selector` does not match template `labels`'),
    );
  return errors;
}

function jobErrors(job: KubeObject, options: PodValidationOptions, prefixed: boolean): FieldError[] {
  const spec: Fields = job['spec'];
  const errors = [...generatedSelectorErrors(job, prefixed), ...specErrors(spec, options)];
  if (spec['completionMode'] === 'Indexed' && spec['completions'] > 0) {
    const last = `${job.metadata.name ?? ''}-${spec['completions'] - 1}`;
    if (dns1123LabelFaults(last).length)
      errors.push(
        invalid(
          'metadata.name',
          job.metadata.name ?? '',
          `will not able to create pod with invalid DNS label: ${last}`,
        ),
      );
  }
  return errors;
}

function completionsErrors(spec: Fields, old: Fields): FieldError[] {
  const { completions, parallelism } = spec;
  if (spec['completionMode'] !== 'Indexed')
    return immutable(completions ?? null, old['completions'] ?? null, 'spec.completions');
  if (completions === old['completions'] || completions === undefined || completions === parallelism)
    return [];
  return [invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')];
}

function updateErrors(job: KubeObject, old: KubeObject, context: StrategyContext): FieldError[] {
  const options = templateValidationOptions(context.options.allowPrivileged, old['spec'].template);
  if (labelSelectorHasInvalidValue(old['spec'].selector)) options.allowInvalidLabelValueInSelector = true;
  const oldLabels = old['spec'].template?.metadata?.labels ?? {};
  const prefixed = oldLabels[NAME_LABELS[1]] !== undefined && oldLabels[UID_LABELS[1]] !== undefined;
  const spec: Fields = job['spec'];
  const before: Fields = old['spec'];
  const fixed = (name: string) =>
    deepEqual(spec[name], before[name])
      ? []
      : [invalid(`spec.${name}`, shown(name, spec[name]), 'field is immutable')];
  return [
    ...jobErrors(job, options, prefixed),
    ...specErrors(spec, options),
    ...completionsErrors(spec, before),
    ...fixed('selector'),
    ...jobTemplateChangeErrors(spec, old),
    ...['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'].flatMap(
      fixed,
    ),
  ];
}

const shown = (name: string, value: any): unknown =>
  name === 'selector' ? goSelector(value) : (value ?? null);

/** Warnings of a spec (pkg/api/job/warnings.go). */
export function jobSpecWarnings(spec: Fields, path: string): string[] {
  const many =
    spec['completionMode'] === 'Indexed' && spec['completions'] > 100_000 && spec['parallelism'] > 10_000;
  const words =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [
    ...(many ? [`${path}: ${words}`] : []),
    ...podWarnings(spec['template']?.spec ?? {}, spec['template']?.metadata, `${path}.template`),
  ];
}

function completionsCell(job: KubeObject): string {
  const succeeded: number = job['status']?.succeeded ?? 0;
  const { completions, parallelism = 0 } = job['spec'] ?? {};
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell(job: KubeObject, now: number): string {
  const { startTime, completionTime } = job['status'] ?? {};
  if (!startTime) return '';
  return humanAge((completionTime ? Date.parse(completionTime) : now) - Date.parse(startTime));
}

function statusCell(job: KubeObject): string {
  // The first condition of a type counts.
  const is = (type: string) =>
    (job['status']?.conditions ?? []).find((c: Fields) => c['type'] === type)?.status === 'True';
  for (const type of ['Complete', 'Failed']) if (is(type)) return type;
  if (job.metadata.deletionTimestamp) return 'Terminating';
  for (const type of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']) if (is(type)) return type;
  return 'Running';
}

/** batch/v1 Job (pkg/registry/batch/job/strategy.go, pkg/apis/batch/validation). */
export const jobs: Strategy = {
  defaults,
  prepareForCreate(job) {
    generateSelector(job);
    prepareNewWorkload(job);
  },
  prepareForUpdate: (job, old) => prepareWorkloadUpdate(job, old),
  validate: (job, context) =>
    jobErrors(job, templateValidationOptions(context.options.allowPrivileged), true),
  validateUpdate: updateErrors,
  warnings(job, old) {
    if (old)
      return old.metadata.generation === job.metadata.generation ? [] : jobSpecWarnings(job['spec'], 'spec');
    return [
      ...hostnameWarning(dns1123LabelFaults(job.metadata.name ?? ''), false),
      ...jobSpecWarnings(job['spec'], 'spec'),
    ];
  },
  status: { prepareForUpdate: keepSpec, validateUpdate: jobStatusErrors },
  selectableFields: { 'status.successful': (job) => String(job['status']?.succeeded ?? 0) },
  defaultGarbageCollection: 'Orphan',
  row(job, now) {
    const template: Fields | undefined = job['spec']?.template;
    const cells = [
      job.metadata.name ?? '',
      statusCell(job),
      completionsCell(job),
      durationCell(job, now),
      age(job, now),
    ];
    return [...cells, ...containerCells(template), formatSelector(job['spec']?.selector)];
  },
};
