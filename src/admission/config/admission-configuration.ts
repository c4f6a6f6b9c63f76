import { dirname, isAbsolute, join } from 'node:path';
import type { Fields } from '../../meta/object.ts';
import { decodeYaml } from '../../schema/yaml/value.ts';
import type { PluginName } from '../plugin-names.ts';
import { ConfigurationFault, decodeConfiguration } from './decode.ts';
import { ADMISSION_CONFIGURATION } from './struct.ts';

/** Reads a file; throws an Error in the words of the system. */
export type ReadText = (path: string) => string;

/** The configurations of single plugins, as text: out of `--admission-control-config-file` or files that it names. */
export type PluginConfigurations = ReadonlyMap<string, string>;

/** Configurations from before there were kinds of them stand alone in the file. */
const UNVERSIONED: Readonly<Record<string, PluginName>> = {
  imagePolicy: 'ImagePolicyWebhook',
  podNodeSelectorPluginConfig: 'PodNodeSelector',
};

/**
 * Reads an AdmissionConfiguration (apiserver pkg/admission/config.go). Paths in it are relative to its own. Throws an Error
 * in kube-apiserver's words.
 */
export function readAdmissionConfiguration(path: string, read: ReadText): PluginConfigurations {
  if (path === '') return new Map();
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    throw new Error(
      `failed to read plugin config: unable to read admission control configuration from ${JSON.stringify(path)} [${(error as Error).message}]`,
    );
  }
  let file: Fields;
  try {
    file = decodeConfiguration(text, ADMISSION_CONFIGURATION);
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    const legacy = error.kindUnknown ? unversioned(text) : new Map();
    if (legacy.size) return legacy;
    throw new Error(`failed to read plugin config: ${error.message}`);
  }
  const out = new Map<string, string>();
  for (const plugin of (file['plugins'] ?? []) as Fields[]) {
    const { name = '', path: own = '', configuration } = plugin;
    if (out.has(name)) continue;
    if (configuration !== undefined && configuration !== null) out.set(name, JSON.stringify(configuration));
    else if (own !== '') out.set(name, read(isAbsolute(own) ? own : join(dirname(path), own)));
  }
  return out;
}

function unversioned(text: string): Map<string, string> {
  const decoded = decodeYaml(text);
  const value = decoded.ok ? decoded.value : undefined;
  const keys = value !== null && typeof value === 'object' ? Object.keys(value) : [];
  if (!keys.some((key) => Object.hasOwn(UNVERSIONED, key))) return new Map();
  // Each of the two reads what it knows of the file.
  return new Map(Object.values(UNVERSIONED).map((name) => [name, text]));
}
