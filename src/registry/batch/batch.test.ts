import { describe, expect, it } from 'vitest';
import type { Fields } from '../../meta/object.ts';
import { created, createFaults, decoded, NOW, updated } from '../core/pod/fixture.ts';
import { batchStrategies } from './index.ts';
import { cronScheduleFault } from './schedule.ts';

const jobs = batchStrategies['jobs']!;
const cronjobs = batchStrategies['cronjobs']!;
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] } };
const job = (spec: Fields = {}): Fields => ({ spec: { template, ...spec } });
const cron = (spec: Fields = {}): Fields => ({
  spec: { schedule: '* * * * *', jobTemplate: { spec: { template } }, ...spec },
});
const indexed = { completionMode: 'Indexed', completions: 5 };

describe('a new Job', () => {
  it('gets its defaults, its selector and its labels', () => {
    const object = created(jobs, job());
    expect(object['spec']).toMatchObject({
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      completions: 1,
      manualSelector: false,
      parallelism: 1,
      podReplacementPolicy: 'TerminatingOrFailed',
      suspend: false,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
    });
    const labels = {
      'batch.kubernetes.io/controller-uid': 'u',
      'batch.kubernetes.io/job-name': 'x',
      'controller-uid': 'u',
      'job-name': 'x',
    };
    expect(object['spec'].template.metadata.labels).toEqual(labels);
    expect(object.metadata.labels).toEqual(labels);
    expect(object.metadata.generation).toBe(1);
  });

  it('keeps a selector that the client minds', () => {
    const own = {
      manualSelector: true,
      selector: { matchLabels: { a: 'b' } },
      template: { ...template, metadata: { labels: { a: 'b' } } },
    };
    expect(createFaults(jobs, job(own))).toEqual([]);
    expect(created(jobs, job(own))['spec'].selector).toEqual({ matchLabels: { a: 'b' } });
  });

  it('counts a failed pod once where there is a failure policy', () => {
    const podFailurePolicy = {
      rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }],
    };
    const { spec } = decoded(jobs, job({ podFailurePolicy }));
    expect(spec.podReplacementPolicy).toBe('Failed');
    expect(spec.podFailurePolicy.rules[0].onPodConditions[0].status).toBe('True');
  });

  it.each<[string, Fields, string[]]>([
    ['nothing', {}, []],
    [
      'pods that always restart',
      { template: { spec: { containers: template.spec.containers } } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'indexes without a number',
      { completionMode: 'Indexed', parallelism: 1 },
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
    [
      'a mode unknown',
      { completionMode: 'Some' },
      ['spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"'],
    ],
    [
      'limits per index without indexes',
      { backoffLimitPerIndex: 1 },
      ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    ],
    [
      'a policy of one thing too many',
      {
        podFailurePolicy: {
          rules: [
            { action: 'Ignore' },
            { action: 'Burn', onExitCodes: { operator: 'In', values: [2, 1, 0] } },
          ],
        },
      },
      [
        'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
        'spec.podFailurePolicy.rules[1].action: Unsupported value: "Burn": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
        'spec.podFailurePolicy.rules[1].onExitCodes.values[2]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[1].onExitCodes.values: Invalid value: [2,1,0]: must be ordered',
      ],
    ],
    [
      'a success out of reach',
      {
        ...indexed,
        successPolicy: {
          rules: [
            { succeededIndexes: '0-2,2' },
            { succeededIndexes: '1,7' },
            { succeededIndexes: '1', succeededCount: 2 },
          ],
        },
      },
      [
        'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-2,2": error parsing succeededIndexes: non-increasing order, previous: 2, current: 2',
        'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "1,7": error parsing succeededIndexes: too large index: "7"',
        'spec.successPolicy.rules[2].succeededCount: Invalid value: 2: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)',
      ],
    ],
    [
      'a manager without a domain',
      { managedBy: 'me' },
      ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
  ])('%s', (_, spec, faults) => {
    expect(createFaults(jobs, job(spec))).toEqual(faults);
  });
});

describe('updates of a Job', () => {
  it('fixes what pods are made of', () => {
    const old = created(jobs, job());
    const { faults } = updated(jobs, old, (o) => {
      o['spec'].template.spec.containers[0].image = 'i:2';
      o['spec'].completions = 2;
    });
    expect(faults.map((text) => text.replace(/Invalid value: \{.*\}/, 'Invalid value: …'))).toEqual([
      'spec.completions: Invalid value: 2: field is immutable',
      'spec.template: Invalid value: …: field is immutable',
    ]);
  });

  it('lets the pods of a suspended Job be placed and fed otherwise', () => {
    const old = created(jobs, job({ suspend: true }));
    const { faults } = updated(jobs, old, (o) => {
      o['spec'].template.spec.nodeSelector = { a: 'b' };
      o['spec'].template.spec.containers[0].resources = { requests: { cpu: '1' } };
    });
    expect(faults).toEqual([]);
  });

  it('grows an indexed Job in tandem', () => {
    const old = created(jobs, job({ ...indexed, parallelism: 5 }));
    const grow = (completions: number, parallelism: number) =>
      updated(jobs, old, (o) => {
        Object.assign(o['spec'], { completions, parallelism });
      }).faults;
    expect(grow(6, 6)).toEqual([]);
    expect(grow(6, 5)).toEqual([
      'spec.completions: Invalid value: 6: can only be modified in tandem with spec.parallelism',
    ]);
  });

  it.each<[string, Fields, Fields, string[]]>([
    ['a start', {}, { active: 1, startTime: '2026-01-01T00:00:00Z' }, []],
    [
      'less than none',
      {},
      { active: -1 },
      ['status.active: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'an end without its beginning',
      {},
      { conditions: [{ type: 'Complete', status: 'True' }] },
      [
        'status.completionTime: Required value: completionTime is required for Complete jobs',
        'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
        'status.startTime: Required value: startTime is required for finished job',
      ],
    ],
    [
      'fewer failures',
      { failed: 2 },
      { failed: 1 },
      ['status.failed: Invalid value: 1: cannot decrease the failed counter'],
    ],
    [
      'a failure taken back',
      { conditions: [{ type: 'FailureTarget', status: 'True' }] },
      {},
      ['status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition'],
    ],
  ])('status: %s', (_, before, now, faults) => {
    const old = created(jobs, job());
    old['status'] = before;
    const change = updated(
      jobs,
      old,
      (o) => {
        o['status'] = now;
      },
      'status',
    );
    expect(change.faults).toEqual(faults);
  });
});

describe('a CronJob', () => {
  it('gets its defaults', () => {
    expect(decoded(cronjobs, cron())['spec']).toMatchObject({
      concurrencyPolicy: 'Allow',
      failedJobsHistoryLimit: 1,
      successfulJobsHistoryLimit: 3,
      suspend: false,
    });
    expect(decoded(cronjobs, cron())['spec'].jobTemplate.spec.completions).toBeUndefined();
  });

  it.each<[string, Fields, string[], Fields?]>([
    ['nothing', {}, []],
    ['no schedule', { schedule: '' }, ['spec.schedule: Required value']],
    [
      'a schedule of words',
      { schedule: 'error' },
      ['spec.schedule: Invalid value: "error": expected exactly 5 fields, found 1: [error]'],
    ],
    [
      'a zone in the schedule',
      { schedule: 'TZ=UTC 0 * * * *' },
      [
        'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'a zone unknown',
      { timeZone: 'Europe/Atlantis' },
      ['spec.timeZone: Invalid value: "Europe/Atlantis": unknown time zone Europe/Atlantis'],
    ],
    ['a zone', { timeZone: 'Europe/Berlin' }, []],
    [
      'a policy unknown',
      { concurrencyPolicy: 'Maybe' },
      ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'],
    ],
    [
      'a name too long',
      {},
      [`metadata.name: Invalid value: "${'a'.repeat(53)}": must be no more than 52 characters`],
      { name: 'a'.repeat(53) },
    ],
    [
      'a selector of its own',
      { jobTemplate: { spec: { template, manualSelector: true, selector: { matchLabels: { a: 'b' } } } } },
      [
        'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      ],
    ],
  ])('%s', (_, spec, faults, meta) => {
    expect(createFaults(cronjobs, cron(spec), meta)).toEqual(faults);
  });

  it.each<[string, string | undefined]>([
    ['*/5 0-4,8 1 jan-MAR ?', undefined],
    ['@hourly', undefined],
    ['@every 1h30m', undefined],
    ['@never', 'unrecognized descriptor: @never'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ])('schedule %s', (schedule, fault) => {
    expect(cronScheduleFault(schedule)).toBe(fault);
  });
});

describe('rows', () => {
  const meta = { creationTimestamp: '2026-01-02T03:03:05Z' };
  it('of a Job', () => {
    const row = (spec: Fields, status: Fields) =>
      jobs.row!(decoded(jobs, { ...job(spec), status }, meta), NOW);
    expect(row({}, { startTime: '2026-01-02T03:03:35Z' })).toEqual([
      'x',
      'Running',
      '0/1',
      '30s',
      '60s',
      'c',
      'i:1',
      '<none>',
    ]);
    const done = {
      conditions: [{ type: 'Complete', status: 'True' }],
      succeeded: 1,
      startTime: '2026-01-02T03:03:35Z',
      completionTime: '2026-01-02T03:03:40Z',
    };
    expect(row({ parallelism: 3 }, done).slice(0, 4)).toEqual(['x', 'Complete', '1/1 of 3', '5s']);
  });
  it('of a CronJob', () => {
    const object = decoded(cronjobs, { ...cron({ timeZone: 'Etc/UTC' }), status: { active: [{}] } }, meta);
    expect(cronjobs.row!(object, NOW)).toEqual([
      'x',
      '* * * * *',
      'Etc/UTC',
      'False',
      1,
      '<none>',
      '60s',
      'c',
      'i:1',
      '<none>',
    ]);
  });
});
