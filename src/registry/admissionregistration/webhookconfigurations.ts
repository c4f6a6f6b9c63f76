import type { Fields, KubeObject } from '../../meta/object.ts';
import type { Strategy } from '../strategy.ts';
import { age } from '../table-cells.ts';
import { reservedNameWarnings } from './reserved-names.ts';
import { defaultRules } from './rules.ts';
import { webhookConfigurationErrors } from './webhook-validation.ts';

function webhooks(mutating: boolean): Strategy {
  return {
    defaults(object) {
      for (const hook of (object['webhooks'] ?? []) as Fields[]) {
        hook['failurePolicy'] ??= 'Fail';
        hook['matchPolicy'] ??= 'Equivalent';
        hook['namespaceSelector'] ??= {};
        hook['objectSelector'] ??= {};
        hook['timeoutSeconds'] ??= 10;
        if (mutating) hook['reinvocationPolicy'] ??= 'Never';
        if (hook['clientConfig']?.service) hook['clientConfig'].service.port ??= 443;
        defaultRules(hook['rules']);
      }
    },
    validate: (object, { expressions }) =>
      webhookConfigurationErrors(object, undefined, mutating, expressions?.(false)),
    validateUpdate: (object, old, { expressions }) =>
      webhookConfigurationErrors(object, old, mutating, expressions?.(false)),
    warnings: reservedNameWarnings,
    generation: true,
    allowUnconditionalUpdate: false,
    row: (object: KubeObject, now) => [
      object.metadata.name ?? '',
      object['webhooks']?.length ?? 0,
      age(object, now),
    ],
  };
}

/** pkg/registry/admissionregistration/{validating,mutating}webhookconfiguration/strategy.go. */
export const validatingwebhookconfigurations: Strategy = webhooks(false);
export const mutatingwebhookconfigurations: Strategy = webhooks(true);
