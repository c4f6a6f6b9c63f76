import {
  REVOCATION_API,
  REVOCATION_KIND,
  REVOCATIONS,
} from '../../authentication/revocation/revocation-object.ts';
import type { KubeObject } from '../../meta/object.ts';

export const DEFINITIONS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const DEFINITION_NAME = `${REVOCATIONS.resource}.${REVOCATIONS.group}`;
export const REVOCATIONS_PATH = `/apis/${REVOCATION_API}/${REVOCATIONS.resource}`;

/**
 * The CustomResourceDefinition of CredentialRevocations. What an entry refuses cannot be changed, only when it may go and
 * why it is there: whoever wants something else refused makes another one.
 */
export function revocationDefinition(): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: DEFINITION_NAME },
    spec: {
      group: REVOCATIONS.group,
      scope: 'Cluster',
      names: {
        kind: REVOCATION_KIND,
        listKind: `${REVOCATION_KIND}List`,
        plural: REVOCATIONS.resource,
        singular: 'credentialrevocation',
        shortNames: ['revocation', 'revocations'],
      },
      versions: [
        {
          name: REVOCATION_API.split('/')[1],
          served: true,
          storage: true,
          additionalPrinterColumns: [
            { name: 'Credential', type: 'string', jsonPath: '.spec.credentialID' },
            { name: 'User', type: 'string', jsonPath: '.spec.user' },
            { name: 'Issued-Before', type: 'string', jsonPath: '.spec.issuedBefore' },
            { name: 'Reason', type: 'string', jsonPath: '.spec.reason' },
            { name: 'Expires', type: 'string', jsonPath: '.spec.expires' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: { openAPIV3Schema: SCHEMA },
        },
      ],
    },
  };
}

const SCHEMA = {
  description:
    'CredentialRevocation takes back a credential, or all that a user was issued before an instant, though it has not expired.',
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      properties: {
        credentialID: {
          description:
            'A certificate by the SHA-256 of its DER, or a token by its jti: the extra authentication.kubernetes.io/credential-id of its user.',
          type: 'string',
          maxLength: 512,
          pattern: '^(X509SHA256=[0-9a-fA-F]{64}|JTI=.+)$',
        },
        user: {
          description: 'The name of a user, system:serviceaccount:NAMESPACE:NAME for a ServiceAccount.',
          type: 'string',
          minLength: 1,
          maxLength: 1024,
        },
        issuedBefore: {
          description:
            'What the user was issued before is refused: certificates by notBefore, tokens by iat, and whatever does not say when it was issued.',
          type: 'string',
          format: 'date-time',
        },
        reason: { description: 'For people. It is no secret.', type: 'string', maxLength: 1024 },
        expires: {
          description: 'From then on nothing is refused by this, and it is deleted.',
          type: 'string',
          format: 'date-time',
        },
      },
      'x-kubernetes-validations': [
        {
          rule: 'has(self.credentialID) != has(self.user)',
          message: 'exactly one of credentialID and user has to be given',
        },
        {
          rule: 'has(self.user) == has(self.issuedBefore)',
          message: 'issuedBefore goes with user',
        },
        {
          rule: '(has(self.credentialID) ? self.credentialID : "") == (has(oldSelf.credentialID) ? oldSelf.credentialID : "") && (has(self.user) ? self.user : "") == (has(oldSelf.user) ? oldSelf.user : "") && (!has(self.issuedBefore) || !has(oldSelf.issuedBefore) || self.issuedBefore == oldSelf.issuedBefore)',
          message: 'what is revoked cannot be changed: delete this and make another',
        },
      ],
    },
  },
} as const;
