import { type FieldError, forbidden, index } from '../../meta/field-error.ts';
import type { Fields } from '../../meta/object.ts';
import type { StrategyContext } from '../strategy.ts';

const LABEL = 'resource.kubernetes.io/admin-access';

function refusal({ client, namespace }: StrategyContext, path: string): FieldError[] {
  const found = client.lister({ group: '', resource: 'namespaces' })?.get('', namespace);
  return found?.metadata.labels?.[LABEL] === 'true'
    ? []
    : [
        forbidden(
          path,
          `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`,
        ),
      ];
}

/** Devices in use by others are only for claims of namespaces labelled for it (pkg/registry/resource/utils.go). */
export function adminAccessErrors(requests: Fields[] | undefined, context: StrategyContext): FieldError[] {
  const i = (requests ?? []).findIndex((request) => request['exactly']?.adminAccess === true);
  return i < 0 ? [] : refusal(context, `${index('spec.devices.requests', i)}.adminAccess`);
}

/** The same for what a claim was given. */
export function grantedAdminAccessErrors(
  now: Fields[] | undefined,
  before: Fields[] | undefined,
  context: StrategyContext,
): FieldError[] {
  const granted = (results: Fields[] | undefined) =>
    (results ?? []).findIndex((result) => result['adminAccess'] === true);
  const i = granted(now);
  if (i < 0 || granted(before) >= 0) return [];
  return refusal(context, `${index('status.allocation.devices.results', i)}.adminAccess`);
}
