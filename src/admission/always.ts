import { ACCEPTED, type AdmissionAttributes, type AdmissionPlugin, type PluginVerdict } from './plugin.ts';
import { forbid } from './refusal.ts';

/** Accepts everything (plugin/pkg/admission/admit). */
export class AlwaysAdmit implements AdmissionPlugin {
  readonly name = 'AlwaysAdmit';
  /** It has nothing to say, and so need not be asked. */
  readonly resources: readonly string[] = [];

  handles(): boolean {
    return true;
  }

  validate(): PluginVerdict {
    return ACCEPTED;
  }
}

/** Refuses every change (plugin/pkg/admission/deny). */
export class AlwaysDeny implements AdmissionPlugin {
  readonly name = 'AlwaysDeny';

  handles(): boolean {
    return true;
  }

  admit(attributes: AdmissionAttributes): PluginVerdict {
    return forbid(attributes, 'ALWAYS_DENIED');
  }

  validate(attributes: AdmissionAttributes): PluginVerdict {
    return forbid(attributes, 'ALWAYS_DENIED');
  }
}
