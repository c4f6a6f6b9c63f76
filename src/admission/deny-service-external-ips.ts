import {
  ACCEPTED,
  type AdmissionAttributes,
  type AdmissionOperation,
  type AdmissionPlugin,
  type PluginVerdict,
} from './plugin.ts';
import { forbid } from './refusal.ts';

/** Refuses Services external addresses they do not have yet (plugin/pkg/admission/network/denyserviceexternalips). */
export class DenyServiceExternalIPs implements AdmissionPlugin {
  readonly name = 'DenyServiceExternalIPs';
  readonly resources: readonly string[] = ['services'];

  handles(operation: AdmissionOperation): boolean {
    return operation === 'CREATE' || operation === 'UPDATE';
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    if (attributes.subresource !== '') return ACCEPTED;
    const addresses: string[] = attributes.object?.['spec']?.externalIPs ?? [];
    const before: string[] = attributes.oldObject?.['spec']?.externalIPs ?? [];
    return addresses.every((address) => before.includes(address))
      ? ACCEPTED
      : forbid(attributes, 'EXTERNAL_IPS_DENIED');
  }
}
