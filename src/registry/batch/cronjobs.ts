import { child, type FieldError, invalid, notSupported, required } from '../../meta/field-error.ts';
import { dns1123LabelFaults } from '../../meta/names.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { dropDisabledPodFields } from '../core/pod/disabled-fields.ts';
import { add } from '../core/pod/faults.ts';
import { goSelector } from '../core/pod/go-value.ts';
import type { PodValidationOptions } from '../core/pod/options.ts';
import { part } from '../core/pod/part.ts';
import { defaultTemplate } from '../core/pod/spec-defaults.ts';
import { templateValidationOptions } from '../core/pod/tolerated-faults.ts';
import { hostnameWarning } from '../core/pod/warnings.ts';
import {
  containerCells,
  formatSelector,
  keepSpec,
  prepareNewWorkload,
  prepareWorkloadUpdate,
} from '../core/pod/workload.ts';
import { nonNegative } from '../field-validation.ts';
import type { Strategy } from '../strategy.ts';
import { age, since } from '../table-cells.ts';
import { jobSpecErrors } from './job-spec.ts';
import { defaultPodFailurePolicy, jobSpecWarnings } from './jobs.ts';
import { cronScheduleFault } from './schedule.ts';
import { timeZoneErrors } from './time-zone.ts';

const POLICIES = ['Allow', 'Forbid', 'Replace'];
/** A Job's name adds eleven characters to its CronJob's. */
const MAX_NAME = 52;

function defaults(object: KubeObject): void {
  const spec: Fields = part(object, 'spec');
  const job: Fields = part(spec, 'jobTemplate');
  job['metadata'] ??= {};
  job['spec'] ??= {};
  defaultTemplate(job['spec']);
  defaultPodFailurePolicy(job['spec']);
  spec['concurrencyPolicy'] ||= 'Allow';
  spec['suspend'] ??= false;
  spec['successfulJobsHistoryLimit'] ??= 3;
  spec['failedJobsHistoryLimit'] ??= 1;
}

function scheduleErrors(spec: Fields, old: Fields | undefined): FieldError[] {
  const at = 'spec.schedule';
  const schedule: string = spec['schedule'] ?? '';
  if (schedule === '') return [required(at)];
  const errors: FieldError[] = [];
  const fault = cronScheduleFault(schedule);
  if (fault) errors.push(invalid(at, schedule, fault));
  if (schedule.includes('TZ')) {
    // Written before time zones had a field: stays valid where it is stored.
    if (!old?.['schedule']?.includes('TZ'))
      errors.push(invalid(at, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
    else if (spec['timeZone'] !== undefined)
      errors.push(invalid(at, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  }
  return errors;
}

function specErrors(spec: Fields, old: Fields | undefined, options: PodValidationOptions): FieldError[] {
  const errors = scheduleErrors(spec, old);
  add(errors, nonNegative(spec['startingDeadlineSeconds'] ?? 0, 'spec.startingDeadlineSeconds'));
  if (spec['timeZone'] !== undefined && spec['timeZone'] !== old?.['timeZone'])
    add(errors, timeZoneErrors(spec['timeZone'], 'spec.timeZone'));
  const policy: string = spec['concurrencyPolicy'] ?? '';
  if (policy === '') errors.push(required('spec.concurrencyPolicy'));
  else if (!POLICIES.includes(policy)) errors.push(notSupported('spec.concurrencyPolicy', policy, POLICIES));
  const job: Fields = spec['jobTemplate'].spec;
  const jobPath = 'spec.jobTemplate.spec';
  add(errors, jobSpecErrors(job, jobPath, options));
  if (job['selector'])
    errors.push(
      invalid(child(jobPath, 'selector'), goSelector(job['selector']), '`selector` will be auto-generated'),
    );
  if (job['manualSelector'])
    errors.push(notSupported(child(jobPath, 'manualSelector'), true, ['nil', 'false']));
  for (const name of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'])
    add(errors, nonNegative(spec[name] ?? 0, `spec.${name}`));
  return errors;
}

const templateOf = (object: KubeObject): Fields | undefined => object['spec']?.jobTemplate?.spec?.template;

/** batch/v1 CronJob (pkg/registry/batch/cronjob/strategy.go, pkg/apis/batch/validation). */
export const cronjobs: Strategy = {
  defaults,
  prepareForCreate(object) {
    dropDisabledPodFields(templateOf(object)?.['spec']);
    prepareNewWorkload(object);
  },
  prepareForUpdate(object, old) {
    dropDisabledPodFields(templateOf(object)?.['spec']);
    prepareWorkloadUpdate(object, old);
  },
  validate(object, context) {
    const errors = specErrors(
      object['spec'],
      undefined,
      templateValidationOptions(context.options.allowPrivileged),
    );
    const name = object.metadata.name ?? '';
    if (name.length > MAX_NAME)
      errors.push(invalid('metadata.name', name, `must be no more than ${MAX_NAME} characters`));
    return errors;
  },
  validateUpdate: (object, old, context) =>
    specErrors(
      object['spec'],
      old['spec'],
      templateValidationOptions(context.options.allowPrivileged, templateOf(old)),
    ),
  warnings(object, old) {
    const all = old ? [] : hostnameWarning(dns1123LabelFaults(object.metadata.name ?? ''), false);
    if (!old || old.metadata.generation !== object.metadata.generation)
      all.push(...jobSpecWarnings(object['spec'].jobTemplate.spec, 'spec.jobTemplate.spec'));
    if (old && object['spec'].schedule?.includes('TZ'))
      all.push(
        'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      );
    return all;
  },
  status: { prepareForUpdate: keepSpec },
  row(object, now) {
    const { spec, status } = object;
    const last = status?.lastScheduleTime ? since(status.lastScheduleTime, now) : '<none>';
    const suspend = spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False';
    const cells = [
      object.metadata.name ?? '',
      spec?.schedule ?? '',
      spec?.timeZone ?? '<none>',
      suspend,
      status?.active?.length ?? 0,
      last,
      age(object, now),
    ];
    return [
      ...cells,
      ...containerCells(templateOf(object)),
      formatSelector(spec?.jobTemplate?.spec?.selector),
    ];
  },
};
