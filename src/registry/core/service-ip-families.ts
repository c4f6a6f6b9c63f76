import { type FieldError, index, invalid } from '../../meta/field-error.ts';
import { familyOf, type IpFamily } from '../../meta/ip.ts';
import type { KubeObject } from '../../meta/object.ts';
import { invalidError } from '../../meta/status.ts';
import { type ServiceSpec, sameList, specOf } from './service-fields.ts';
import { clusterIpFaults } from './service-validation.ts';

const GK = { group: '', kind: 'Service' };

/** Both before and now ask for two families if there are any, and nothing about it changed: leave it as it is. */
export function keepsPreferDualStack(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  return (
    old !== undefined &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy === undefined || old.ipFamilyPolicy === 'PreferDualStack') &&
    old.type === spec.type &&
    (spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer') &&
    sameList(old.clusterIPs, spec.clusterIPs) &&
    sameList(old.ipFamilies, spec.ipFamilies)
  );
}

const other = (family: string): IpFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4');

/**
 * Fills ipFamilyPolicy and ipFamilies from what the client gave and the families the server has ranges of, the first
 * being the default; throws 422 where they do not go together (initIPFamilyFields, pkg/registry/core/service/storage/alloc.go).
 */
export function initIpFamilies(
  service: KubeObject,
  before: KubeObject | undefined,
  families: readonly IpFamily[],
): void {
  const spec = specOf(service);
  const old = before && specOf(before);
  if (spec.type === 'ExternalName' || keepsPreferDualStack(spec, old)) return;
  const refuse = (errors: FieldError[]) => {
    if (errors.length) throw invalidError(GK, service.metadata.name ?? '', errors);
  };
  const selectorless = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (selectorless ? 'RequireDualStack' : 'SingleStack');
  refuse(clusterIpFaults(spec, old));

  const single = spec.ipFamilyPolicy === 'SingleStack';
  const policyPath = 'spec.ipFamilyPolicy';
  const policy = (why: string) => invalid(policyPath, spec.ipFamilyPolicy, why);
  const errors: FieldError[] = [];
  if (old) {
    const reduced = (now: string[] | undefined, was: string[] | undefined) =>
      !!now?.length && now.length < (was?.length ?? 0);
    if (single) {
      if (sameList(old.clusterIPs, spec.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1) ?? [];
      if (sameList(old.ipFamilies, spec.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1) ?? [];
    } else {
      if (reduced(spec.clusterIPs, old.clusterIPs))
        errors.push(policy("must be 'SingleStack' to release the secondary cluster IP"));
      if (reduced(spec.ipFamilies, old.ipFamilies))
        errors.push(policy("must be 'SingleStack' to release the secondary IP family"));
    }
  }
  if (single) {
    const why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (spec.clusterIPs?.length === 2) errors.push(policy(`${why} cluster IPs are specified`));
    if (spec.ipFamilies?.length === 2) errors.push(policy(`${why} IP families are specified`));
  }
  const given = spec.clusterIPs ?? [];
  for (let i = 0; i < given.length && given[i] !== 'None'; i++) {
    if (i < (spec.ipFamilies?.length ?? 0)) continue;
    const family = familyOf(given[i]!);
    if (!family || !families.includes(family))
      errors.push(
        invalid(
          index('spec.clusterIPs', i),
          given,
          `${family ?? 'unknown'} is not configured on this cluster`,
        ),
      );
    else spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
  }
  refuse(errors);

  if (selectorless) {
    if (!spec.ipFamilies?.length) spec.ipFamilies = [families[0]!];
    if (spec.ipFamilies.length < 2 && !single) spec.ipFamilies.push(other(spec.ipFamilies[0]!));
    return;
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2)
    errors.push(policy('this cluster is not configured for dual-stack services'));
  spec.ipFamilies?.forEach((family, i) => {
    if (!families.includes(family as IpFamily))
      errors.push(invalid(index('spec.ipFamilies', i), family, 'not configured on this cluster'));
  });
  refuse(errors);
  if (!spec.ipFamilies?.length) spec.ipFamilies = [families[0]!];
  if (!single && spec.ipFamilies.length === 1 && families.length === 2)
    spec.ipFamilies.push(other(spec.ipFamilies[0]!));
}

/** Fills the fields of a Service stored before they were there, on reading (defaultOnReadService). */
export function defaultStoredFamilies(service: KubeObject, primary: IpFamily): void {
  const spec = specOf(service);
  if (!spec.clusterIPs?.length && spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  if (spec.type === 'ExternalName' || spec.ipFamilies?.length || !spec.clusterIP) return;
  if (spec.clusterIP === 'None') {
    const selectorless = Object.keys(spec.selector ?? {}).length === 0;
    spec.ipFamilyPolicy = selectorless ? 'RequireDualStack' : 'SingleStack';
    spec.ipFamilies = selectorless ? [primary, other(primary)] : [primary];
    return;
  }
  spec.ipFamilies = (spec.clusterIPs ?? []).map((ip) => familyOf(ip) ?? 'IPv4');
  if (spec.ipFamilies.length)
    spec.ipFamilyPolicy = spec.ipFamilies.length === 1 ? 'SingleStack' : 'RequireDualStack';
}
