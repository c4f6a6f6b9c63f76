import { deepEqual } from '../../meta/deep-equal.ts';
import { child, duplicate, type FieldError, invalid, OMITTED, required } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { add } from '../core/pod/faults.ts';
import { nonNegative } from '../field-validation.ts';
import { overlapFault, parseIndexes } from './indexes.ts';

/** jobs/status: what a job controller may say (validateJobStatus, ValidateJobStatusUpdate in pkg/apis/batch/validation). */

const CONDITIONS = 'status.conditions';

export const jobCondition = (job: KubeObject, type: string, status = 'True'): boolean =>
  (job['status']?.conditions ?? []).some((c: Fields) => c['type'] === type && c['status'] === status);

const finished = (job: KubeObject): boolean => jobCondition(job, 'Complete') || jobCondition(job, 'Failed');
const time = (text: unknown): number => Date.parse(String(text));

/** Faults of a status update. Most rules are held only against what the update changes. */
export function jobStatusErrors(job: KubeObject, old: KubeObject): FieldError[] {
  return [
    ...countErrors(job['status'] ?? {}),
    ...conditionErrors(job, old),
    ...finishedErrors(job, old),
    ...indexErrors(job, old),
    ...lateErrors(job, old),
    ...changeErrors(job, old),
  ];
}

function changes(job: KubeObject, old: KubeObject) {
  const now: Fields = job['status'] ?? {};
  const before: Fields = old['status'] ?? {};
  return {
    field: (name: string) => !deepEqual(now[name], before[name]),
    condition: (type: string) => jobCondition(job, type) !== jobCondition(old, type),
    finished: finished(job) !== finished(old),
  };
}

function countErrors(status: Fields): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['active', 'succeeded', 'failed', 'ready', 'terminating'])
    add(errors, nonNegative(status[name] ?? 0, child('status', name)));
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed']) {
    status['uncountedTerminatedPods']?.[list]?.forEach((uid: string, i: number) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') errors.push(invalid(at, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      else seen.add(uid);
    });
  }
  return errors;
}

function conditionErrors(job: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const status: Fields = job['status'] ?? {};
  const changed = changes(job, old);
  const complete = jobCondition(job, 'Complete');
  const refuse = (words: string) => errors.push(invalid(CONDITIONS, OMITTED, words));
  const completion = 'status.completionTime';
  if (
    (changed.condition('Complete') || changed.condition('Failed')) &&
    complete &&
    jobCondition(job, 'Failed')
  )
    refuse('cannot set Complete=True and Failed=true conditions');
  if (
    (changed.condition('Complete') || changed.condition('FailureTarget')) &&
    complete &&
    jobCondition(job, 'FailureTarget')
  )
    refuse('cannot set Complete=True and FailureTarget=true conditions');
  if (changed.condition('Complete') || changed.field('completionTime')) {
    if (status['completionTime'] && !complete)
      errors.push(
        invalid(
          completion,
          status['completionTime'],
          'cannot set completionTime when there is no Complete=True condition',
        ),
      );
    if (!status['completionTime'] && complete)
      errors.push(required(completion, 'completionTime is required for Complete jobs'));
  }
  if (
    (changed.field('startTime') || changed.field('completionTime')) &&
    status['startTime'] &&
    time(status['completionTime']) < time(status['startTime'])
  )
    errors.push(invalid(completion, status['completionTime'], 'must be equal to or after `startTime`'));
  if (
    (changed.condition('Failed') || changed.field('failedIndexes')) &&
    jobCondition(job, 'Failed') &&
    !jobCondition(job, 'FailureTarget')
  )
    refuse('cannot set Failed=True condition without the FailureTarget=true condition');
  if (
    (changed.condition('Complete') || changed.condition('SuccessCriteriaMet')) &&
    complete &&
    !jobCondition(job, 'SuccessCriteriaMet')
  )
    refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  return errors;
}

function finishedErrors(job: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (!finished(job)) return errors;
  const status: Fields = job['status'] ?? {};
  const changed = changes(job, old);
  if ((changed.finished || changed.field('active')) && status['active'] > 0)
    errors.push(invalid('status.active', status['active'], 'active>0 is invalid for finished job'));
  const idle = job['spec'].suspend === true && job['spec'].completions === 0;
  if ((changed.finished || changed.field('startTime')) && !idle && !status['startTime'])
    errors.push(required('status.startTime', 'startTime is required for finished job'));
  const uncounted: Fields | undefined = status['uncountedTerminatedPods'];
  const left = (uncounted?.['succeeded']?.length ?? 0) + (uncounted?.['failed']?.length ?? 0);
  if ((changed.finished || changed.field('uncountedTerminatedPods')) && left > 0) {
    const shown = { Succeeded: uncounted!['succeeded'] ?? null, Failed: uncounted!['failed'] ?? null };
    errors.push(invalid('status.uncountedTerminatedPods', shown, 'must be empty for finished job'));
  }
  return errors;
}

function indexErrors(job: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const status: Fields = job['status'] ?? {};
  const { completions, backoffLimitPerIndex, completionMode } = job['spec'];
  const changed = changes(job, old);
  const completed: string = status['completedIndexes'] ?? '';
  const failed: string | undefined = status['failedIndexes'];
  const bad = (field: string, text: string, fault: string) =>
    errors.push(invalid(child('status', field), text, fault));
  const parse = (field: string, text: string) => {
    const parsed = parseIndexes(text, completions);
    if ('error' in parsed) bad(field, text, `error parsing ${field}: ${parsed.error}`);
  };
  if (changed.field('completedIndexes') && completions !== undefined) parse('completedIndexes', completed);
  if (
    changed.field('failedIndexes') &&
    completions !== undefined &&
    backoffLimitPerIndex !== undefined &&
    failed !== undefined
  )
    parse('failedIndexes', failed);
  if (changed.field('completedIndexes') && completed !== '' && completionMode !== 'Indexed')
    bad(
      'completedIndexes',
      completed,
      'cannot set non-empty completedIndexes when non-indexed completion mode',
    );
  if (changed.field('failedIndexes') && backoffLimitPerIndex === undefined && failed !== undefined)
    bad('failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null');
  if (
    (changed.field('failedIndexes') || changed.field('completedIndexes')) &&
    completions !== undefined &&
    failed !== undefined
  ) {
    const fault = overlapFault(completed, failed, completions);
    if (fault) bad('failedIndexes', failed, fault);
  }
  return errors;
}

function lateErrors(job: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const status: Fields = job['status'] ?? {};
  const changed = changes(job, old);
  const refuse = (words: string) => errors.push(invalid(CONDITIONS, OMITTED, words));
  if ((changed.finished || changed.field('terminating')) && status['terminating'] > 0 && finished(job))
    errors.push(
      invalid('status.terminating', status['terminating'], 'terminating>0 is invalid for finished job'),
    );
  if ((changed.field('ready') || changed.field('active')) && status['ready'] > (status['active'] ?? 0))
    errors.push(invalid('status.ready', status['ready'], 'cannot set more ready pods than active'));
  const met = jobCondition(job, 'SuccessCriteriaMet');
  if (met && jobCondition(job, 'Failed'))
    refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && jobCondition(job, 'FailureTarget'))
    refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (job['spec'].successPolicy && !met && jobCondition(job, 'Complete'))
    refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  return errors;
}

/** What may not be taken back. */
function changeErrors(job: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const now: Fields = job['status'] ?? {};
  const before: Fields = old['status'] ?? {};
  const { completionMode, completions, parallelism, suspend } = job['spec'];
  const refuse = (words: string) => errors.push(invalid(CONDITIONS, OMITTED, words));
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (jobCondition(old, type) && !jobCondition(job, type))
      refuse(`cannot disable the terminal ${type}=True condition`);
  if ((now['failed'] ?? 0) < (before['failed'] ?? 0))
    errors.push(invalid('status.failed', now['failed'] ?? 0, 'cannot decrease the failed counter'));
  const elastic = completionMode === 'Indexed' && completions === parallelism;
  if (!elastic && (now['succeeded'] ?? 0) < (before['succeeded'] ?? 0))
    errors.push(invalid('status.succeeded', now['succeeded'] ?? 0, 'cannot decrease the succeeded counter'));
  if (now['completionTime'] && before['completionTime'] && now['completionTime'] !== before['completionTime'])
    errors.push(invalid('status.completionTime', now['completionTime'], 'field is immutable'));
  const resuming = jobCondition(old, 'Suspended') && jobCondition(job, 'Suspended', 'False');
  if (before['startTime'] && now['startTime'] !== before['startTime'] && !resuming && !suspend)
    errors.push(
      invalid(
        'status.startTime',
        now['startTime'] ?? null,
        'field is immutable for unsuspended job once set',
      ),
    );
  const met = jobCondition(job, 'SuccessCriteriaMet');
  const wasMet = jobCondition(old, 'SuccessCriteriaMet');
  if (wasMet && !met) refuse('cannot disable the SuccessCriteriaMet=True condition');
  if (jobCondition(old, 'Complete') && !wasMet && met)
    refuse('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  return errors;
}
