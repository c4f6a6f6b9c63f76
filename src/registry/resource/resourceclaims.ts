import { deepEqual } from '../../meta/deep-equal.ts';
import { type FieldError, invalid } from '../../meta/field-error.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import { immutable } from '../field-validation.ts';
import { keepMetadata } from '../status-metadata.ts';
import type { Strategy, StrategyContext } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { adminAccessErrors, grantedAdminAccessErrors } from './admin-access.ts';
import { defaultDeviceClaim, deviceClaimErrors } from './device-claim.ts';

const resultsOf = (claim: KubeObject): Fields[] => claim['status']?.allocation?.devices?.results ?? [];
const device = ({ driver, pool, device: name, shareID }: Fields): string =>
  [driver, pool, name, shareID ?? ''].join('/');

/** What drivers said of devices goes with the devices. */
function dropFreedDevices(claim: KubeObject, old: KubeObject): void {
  const devices: Fields[] | undefined = claim['status']?.devices;
  if (!devices) return;
  const held = new Set(resultsOf(claim).map(device));
  const freed = new Set(
    resultsOf(old)
      .map(device)
      .filter((one) => !held.has(one)),
  );
  const kept = devices.filter((one) => !freed.has(device(one)));
  if (kept.length) claim['status'].devices = kept;
  else delete claim['status'].devices;
}

function statusErrors(claim: KubeObject, old: KubeObject, context: StrategyContext): FieldError[] {
  const errors = grantedAdminAccessErrors(resultsOf(claim), resultsOf(old), context);
  const [now, before] = [claim['status']?.allocation, old['status']?.allocation];
  if (now && before && !deepEqual(now, before))
    errors.push(invalid('status.allocation', now, 'field is immutable'));
  return errors;
}

function state(claim: KubeObject): string {
  const deleted = claim.metadata.deletionTimestamp !== undefined;
  const status: Fields = claim['status'] ?? {};
  const states = deleted ? ['deleted'] : [];
  if (status['allocation']) states.push('allocated', ...(status['reservedFor']?.length ? ['reserved'] : []));
  else if (!deleted) states.push('pending');
  return states.join(',');
}

/** pkg/registry/resource/resourceclaim/strategy.go. */
export const resourceclaims: Strategy = {
  defaults: (claim) => defaultDeviceClaim(claim['spec']?.devices),
  prepareForCreate(claim) {
    claim['status'] = {};
  },
  prepareForUpdate(claim, old) {
    claim['status'] = old['status'];
  },
  validate: (claim, context) => [
    ...adminAccessErrors(claim['spec']?.devices?.requests, context),
    ...deviceClaimErrors(claim['spec']?.devices ?? {}, 'spec.devices'),
  ],
  validateUpdate: (claim, old) => immutable(claim['spec'] ?? {}, old['spec'] ?? {}, 'spec'),
  status: {
    prepareForUpdate(claim, old) {
      claim['spec'] = old['spec'];
      keepMetadata(claim, old);
      dropFreedDevices(claim, old);
    },
    validateUpdate: statusErrors,
  },
  deleteReturnsObject: true,
  row: (claim, now) => [claim.metadata.name ?? '', state(claim), age(claim, now)],
};
