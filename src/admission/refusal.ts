import type { Facts } from '../explain/verdict.ts';
import { admissionWords } from '../explain/words/admission.ts';
import { forbiddenError, type StatusError, unknownError } from '../meta/status.ts';
import type { AdmissionAttributes, PluginVerdict } from './plugin.ts';

/** The name a refusal bears: the object's, or what it will be made from (apiserver pkg/admission/errors.go). */
export function nameOf({ name, object }: AdmissionAttributes): string {
  return name || object?.metadata?.name || object?.metadata?.generateName || 'Unknown';
}

/** 403 `<resource> "<name>" is forbidden: <the code's words>`, as most plugins refuse. */
export function forbid(attributes: AdmissionAttributes, code: string, facts: Facts = {}): PluginVerdict {
  return refuse(code, facts, forbiddenError(attributes.resource, nameOf(attributes), wordsOf(code, facts)));
}

/** 500 with the code's words alone: what plain errors of plugins become. */
export function fail(code: string, facts: Facts = {}): PluginVerdict {
  return refuse(code, facts, unknownError(wordsOf(code, facts)));
}

export function refuse(code: string, facts: Facts, error: StatusError): PluginVerdict {
  return { outcome: 'denied', code, facts, error };
}

export const wordsOf = (code: string, facts: Facts): string => admissionWords[code]!(facts);

/** An object in place was changed; nothing else is to be said of it. */
export const changed = (code: string, facts: Facts = {}): PluginVerdict => ({
  outcome: 'changed',
  code,
  facts,
});
