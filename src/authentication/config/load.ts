import { quote } from '../../meta/go-quote.ts';
import { groupVersion } from '../../meta/object.ts';
import { interpret, JSON_TYPE, parseBody, strictDecodingText, YAML_TYPE } from '../../schema/decode.ts';
import { decodeStruct } from '../../schema/decode-value.ts';
import { configurationType } from './schema.ts';
import type {
  AuthenticationConfiguration,
  JwtAuthenticatorConfiguration,
  PrefixedClaimOrExpression,
} from './types.ts';

const GROUP = 'apiserver.config.k8s.io';
/** As kube-apiserver names its scheme: by the line it was made on. */
const SCHEME = 'pkg/kubeapiserver/options/authentication.go:879';

/** The kinds that kube-apiserver's scheme of configuration files knows by their versions. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  [`${GROUP}/v1`]: [
    'AdmissionConfiguration',
    'AuthenticationConfiguration',
    'AuthorizationConfiguration',
    'EncryptionConfiguration',
    'TracingConfiguration',
  ],
  [`${GROUP}/v1beta1`]: ['AuthenticationConfiguration', 'AuthorizationConfiguration', 'TracingConfiguration'],
  [`${GROUP}/v1alpha1`]: [
    'AuthenticationConfiguration',
    'AuthorizationConfiguration',
    'TracingConfiguration',
  ],
  'apiserver.k8s.io/v1beta1': ['EgressSelectorConfiguration'],
  'apiserver.k8s.io/v1alpha1': ['AdmissionConfiguration', 'EgressSelectorConfiguration'],
};

/**
 * Reads an AuthenticationConfiguration, in YAML or JSON, of any of its versions; unknown and repeated fields are refused.
 * Throws an Error in kube-apiserver's words. Nothing of it is validated yet.
 */
export function loadAuthenticationConfiguration(text: string): AuthenticationConfiguration {
  if (text === '') throw new Error('empty config data');
  const mediaType = /^\s*\{/.test(text) ? JSON_TYPE : YAML_TYPE;
  const parsed = parseBody(Buffer.from(text), mediaType, true);
  if (!parsed.ok) throw new Error(parsed.error);
  const kind = interpret(parsed.value);
  if ('error' in kind) throw new Error(kind.error);
  if (kind.kind === '') throw new Error(`Object 'Kind' is missing in '${text}'`);
  const version = kind.group === '' && kind.version === '' ? '' : groupVersion(kind);
  if (version === '') throw new Error(`Object 'apiVersion' is missing in '${text}'`);
  if (!KINDS[version]?.includes(kind.kind)) {
    throw new Error(
      `no kind ${quote(kind.kind)} is registered for version ${quote(version)} in scheme ${quote(SCHEME)}`,
    );
  }
  if (kind.kind !== 'AuthenticationConfiguration') {
    throw new Error(`expected AuthenticationConfiguration, got *apiserver.${kind.kind}`);
  }
  const decoded = decodeStruct(parsed.value, configurationType(kind.version), true);
  if (!decoded.ok) throw new Error(decoded.error);
  const strict = [...parsed.strictErrors, ...decoded.strictErrors];
  if (strict.length) throw new Error(strictDecodingText(strict));
  return configuration(decoded.value);
}

type Given = Record<string, any>;

function configuration(given: Given): AuthenticationConfiguration {
  const { jwt = [], anonymous } = given;
  return {
    jwt: (jwt as Given[]).map(authenticator),
    anonymous: anonymous && {
      enabled: anonymous.enabled ?? false,
      conditions: (anonymous.conditions ?? []).map(({ path = '' }: Given) => ({ path })),
    },
  };
}

function authenticator(given: Given): JwtAuthenticatorConfiguration {
  const { issuer = {}, claimMappings = {}, claimValidationRules = [], userValidationRules = [] } = given;
  const { claim = '', expression = '' } = claimMappings.uid ?? {};
  return {
    issuer: {
      url: issuer.url ?? '',
      discoveryUrl: issuer.discoveryURL ?? '',
      certificateAuthority: issuer.certificateAuthority ?? '',
      audiences: issuer.audiences ?? [],
      audienceMatchPolicy: issuer.audienceMatchPolicy ?? '',
      egressSelectorType: issuer.egressSelectorType ?? '',
    },
    claimValidationRules: claimValidationRules.map((rule: Given) => ({
      claim: rule['claim'] ?? '',
      requiredValue: rule['requiredValue'] ?? '',
      expression: rule['expression'] ?? '',
      message: rule['message'] ?? '',
    })),
    claimMappings: {
      username: prefixed(claimMappings.username),
      groups: prefixed(claimMappings.groups),
      uid: { claim, expression },
      extra: (claimMappings.extra ?? []).map((mapping: Given) => ({
        key: mapping['key'] ?? '',
        valueExpression: mapping['valueExpression'] ?? '',
      })),
    },
    userValidationRules: userValidationRules.map((rule: Given) => ({
      expression: rule['expression'] ?? '',
      message: rule['message'] ?? '',
    })),
  };
}

function prefixed(given: Given = {}): PrefixedClaimOrExpression {
  return { claim: given['claim'] ?? '', expression: given['expression'] ?? '', prefix: given['prefix'] };
}
