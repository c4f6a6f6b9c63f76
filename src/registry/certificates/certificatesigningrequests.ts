import { rfc3339 } from '../../meta/clock.ts';
import { humanAge } from '../../meta/human-age.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Strategy, UpdateStrategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { conditionsOf, csrErrors, csrUpdateErrors } from './csr-validation.ts';

/** Conditions without times get them: now, or since when they have had this status. */
function fillTimes(csr: KubeObject, old: KubeObject, now: number): void {
  const at = rfc3339(now);
  for (const condition of conditionsOf(csr)) {
    condition['lastUpdateTime'] ??= at;
    condition['lastTransitionTime'] ??=
      conditionsOf(old).find(
        (c) =>
          c['type'] === condition['type'] && c['status'] === condition['status'] && c['lastTransitionTime'],
      )?.['lastTransitionTime'] ?? at;
  }
}

/** Writes of status leave the conditions of a type as they are, where there are as many of them as before. */
function keepConditions(csr: KubeObject, old: KubeObject, type: string): void {
  const before = conditionsOf(old).filter((c) => c['type'] === type);
  const conditions = conditionsOf(csr);
  const places = conditions.flatMap((c, i) => (c['type'] === type ? [i] : []));
  if (before.length !== places.length) return;
  places.forEach((place, i) => {
    conditions[place] = before[i]!;
  });
}

const approval: UpdateStrategy = {
  prepareForUpdate(csr, old, { now }) {
    fillTimes(csr, old, now);
    const conditions: Fields[] | undefined = csr['status']?.conditions;
    csr['spec'] = old['spec'];
    csr['status'] = { ...old['status'] };
    if (conditions?.length) csr['status'].conditions = conditions;
    else delete csr['status'].conditions;
  },
  validateUpdate: (csr, old) => csrUpdateErrors(csr, old, { approve: true }),
};

function conditionCell(csr: KubeObject): string {
  const has = (type: string) => conditionsOf(csr).some((c) => c['type'] === type);
  const first = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${first}${has('Failed') ? ',Failed' : ''}${csr['status']?.certificate ? ',Issued' : ''}`;
}

/** pkg/registry/certificates/certificates/strategy.go: who asks is filled in from the request, not from the object. */
export const certificatesigningrequests: Strategy = {
  prepareForCreate(csr, { user }) {
    csr['spec'] = { ...csr['spec'] };
    const spec: Fields = csr['spec'];
    for (const field of ['username', 'uid', 'groups', 'extra']) delete spec[field];
    if (user.name) spec['username'] = user.name;
    if (user.uid) spec['uid'] = user.uid;
    if (user.groups?.length) spec['groups'] = [...user.groups];
    const extra = Object.entries(user.extra ?? {});
    if (extra.length) spec['extra'] = Object.fromEntries(extra.map(([name, values]) => [name, [...values]]));
    csr['status'] = {};
  },
  prepareForUpdate(csr, old) {
    csr['spec'] = old['spec'];
    csr['status'] = old['status'];
  },
  validate: (csr) => csrErrors(csr),
  validateUpdate: (csr, old) => csrUpdateErrors(csr, old),
  validateName: () => [],
  status: {
    prepareForUpdate(csr, old, { now }) {
      csr['spec'] = old['spec'];
      keepConditions(csr, old, 'Approved');
      keepConditions(csr, old, 'Denied');
      fillTimes(csr, old, now);
    },
    validateUpdate: (csr, old) => csrUpdateErrors(csr, old, { issue: true }),
  },
  subresources: { approval },
  selectableFields: { 'spec.signerName': (csr) => csr['spec']?.signerName ?? '' },
  row(csr, now) {
    const seconds: number | undefined = csr['spec']?.expirationSeconds;
    return [
      csr.metadata.name ?? '',
      age(csr, now),
      csr['spec']?.signerName || '<none>',
      csr['spec']?.username ?? '',
      seconds === undefined ? '<none>' : humanAge(seconds * 1000),
      conditionCell(csr),
    ];
  },
};
