import { quote } from '../../meta/go-quote.ts';
import type { Fields } from '../../meta/object.ts';
import { decodeYaml } from '../../schema/yaml/value.ts';
import type { FieldType, FileKind, Struct } from './struct.ts';

/** Why a file could not be decoded, in kube-apiserver's words. `kindUnknown`: it says no kind, or one that is not known. */
export class ConfigurationFault extends Error {
  readonly kindUnknown: boolean;

  constructor(message: string, kindUnknown = false) {
    super(message);
    this.kindUnknown = kindUnknown;
  }
}

/** A configuration in YAML or JSON as an object of its kind. Throws a ConfigurationFault. */
export function decodeConfiguration(text: string, kind: FileKind): Fields {
  const decoded = decodeYaml(text);
  if (!decoded.ok) throw new ConfigurationFault(`error converting YAML to JSON: ${decoded.error}`);
  const { value, repeated } = decoded;
  if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
    throw new ConfigurationFault(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonKind(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const fields = (value ?? {}) as Fields;
  checkKind(fields, kind);
  checkTypes(fields, kind.struct, '');
  if (kind.strict) {
    const faults = [
      ...repeated.map((fault) => `yaml: ${fault}`),
      ...unknownFields(fields, kind.struct, '', ['kind', 'apiVersion']),
    ];
    if (faults.length) throw new ConfigurationFault(`strict decoding error: ${faults.join(', ')}`);
  }
  return fields;
}

function checkKind(value: Fields, { kinds, scheme }: FileKind): void {
  const { kind = '', apiVersion = '' } = value as { kind?: string; apiVersion?: string };
  const shown = (): string => JSON.stringify(value);
  if (kind === '') throw new ConfigurationFault(`Object 'Kind' is missing in '${shown()}'`, true);
  if (apiVersion === '') throw new ConfigurationFault(`Object 'apiVersion' is missing in '${shown()}'`, true);
  if (kinds.some((own) => own.kind === kind && own.apiVersions.includes(apiVersion))) return;
  throw new ConfigurationFault(
    `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme ${quote(scheme)}`,
    true,
  );
}

function checkTypes(value: Fields, struct: Struct, path: string): void {
  for (const [name, type] of Object.entries(struct.fields)) {
    const found: unknown = value[name];
    if (found === undefined || found === null || type === 'any') continue;
    const at = path === '' ? name : `${path}.${name}`;
    const refuse = (of: unknown, goType: string): ConfigurationFault =>
      new ConfigurationFault(
        `json: cannot unmarshal ${jsonKind(of)} into Go struct field ${struct.name}.${at} of type ${goType}`,
      );
    if (isStruct(type)) {
      if (typeof found !== 'object' || Array.isArray(found)) throw refuse(found, `v1.${type.name}`);
      checkTypes(found as Fields, type, at);
    } else if (typeof type === 'string' && type !== 'strings' && type !== 'anys') {
      const fits = typeof found === { string: 'string', int32: 'number', bool: 'boolean' }[type];
      if (!fits) throw refuse(found, type);
    } else {
      const goType = type === 'strings' ? 'string' : type === 'anys' ? 'v1.Toleration' : `v1.${type[0].name}`;
      if (!Array.isArray(found)) throw refuse(found, `[]${goType}`);
      for (const item of found) {
        if (type === 'strings') {
          if (typeof item !== 'string') throw refuse(item, 'string');
        } else if (item === null || typeof item !== 'object') throw refuse(item, goType);
        else if (type !== 'anys') checkTypes(item as Fields, type[0], at);
      }
    }
  }
}

const isStruct = (type: FieldType): type is Struct => typeof type === 'object' && !Array.isArray(type);

function unknownFields(
  value: Fields,
  struct: Struct,
  path: string,
  besides: readonly string[] = [],
): string[] {
  return Object.entries(value).flatMap(([name, inner]): string[] => {
    if (besides.includes(name)) return [];
    const at = path === '' ? name : `${path}.${name}`;
    const type = struct.fields[name];
    if (type === undefined) return [`unknown field ${quote(at)}`];
    if (typeof type === 'string' || !inner) return [];
    if (isStruct(type)) return unknownFields(inner as Fields, type, at);
    return (inner as Fields[]).flatMap((item, i) => unknownFields(item, type[0], `${at}[${i}]`));
  });
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
