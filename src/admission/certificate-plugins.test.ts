import { describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, AuthorizationOutcome } from '../authorization/authorizer.ts';
import type { KubeObject } from '../meta/object.ts';
import { requestPem } from '../pki/fixtures/requests.ts';
import { CertificateApproval } from './certificate-approval.ts';
import { CertificateSigning } from './certificate-signing.ts';
import { CertificateSubjectRestriction } from './certificate-subject-restriction.ts';
import { ClusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts';
import { attributesOf, refusal } from './fixtures/attributes.ts';
import type { AdmissionAttributes } from './plugin.ts';

const SIGNER = 'example.com/own';

/** Allows what is asked for as `verb name`. */
function rights(...allowed: string[]) {
  const asked: AuthorizationAttributes[] = [];
  return {
    asked,
    async authorize(attributes: AuthorizationAttributes): Promise<AuthorizationOutcome> {
      asked.push(attributes);
      const decision = allowed.includes(`${attributes.verb} ${attributes.name}`) ? 'allow' : 'noOpinion';
      return { decision, reason: '' } as AuthorizationOutcome;
    },
  };
}

const csr = (status?: object, spec: object = {}): KubeObject =>
  ({
    metadata: { name: 'r' },
    spec: { signerName: SIGNER, ...spec },
    ...(status ? { status } : {}),
  }) as KubeObject;

const on = (given: Partial<AdmissionAttributes>) =>
  attributesOf({ of: 'certificatesigningrequests.certificates.k8s.io', namespace: '', ...given });

describe('CertificateApproval', () => {
  const approving = on({ operation: 'UPDATE', subresource: 'approval', object: csr({}), oldObject: csr() });

  it('wants the right to approve for the signer', async () => {
    const nobody = rights();
    expect(refusal(await new CertificateApproval(nobody).validate(approving))).toBe(
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "example.com/own"',
    );
    expect(nobody.asked.map(({ apiGroup, resource, name }) => [apiGroup, resource, name])).toEqual([
      ['certificates.k8s.io', 'signers', SIGNER],
      ['certificates.k8s.io', 'signers', 'example.com/*'],
    ]);
  });

  it.each([`approve ${SIGNER}`, 'approve example.com/*'])('takes %s', async (right) => {
    expect((await new CertificateApproval(rights(right)).validate(approving)).outcome).toBe('accepted');
  });

  it('takes the signer that is stored', async () => {
    const object = csr({}, { signerName: 'mine.example.com/x' });
    const verdict = await new CertificateApproval(rights('approve mine.example.com/x')).validate({
      ...approving,
      object,
    });
    expect(verdict.outcome).toBe('denied');
  });

  it('asks nothing of other writes', () => {
    const nobody = rights();
    new CertificateApproval(nobody).validate({ ...approving, subresource: 'status' });
    expect(nobody.asked).toEqual([]);
  });
});

describe('CertificateSigning', () => {
  const status = (now: object, before: object = {}) =>
    on({ operation: 'UPDATE', subresource: 'status', object: csr(now), oldObject: csr(before) });

  it.each([
    ['a certificate', { certificate: 'eA==' }],
    ['conditions', { conditions: [{ type: 'Failed' }] }],
  ])('wants the right to sign for %s', async (_, now) => {
    expect(refusal(await new CertificateSigning(rights('approve *')).validate(status(now)))).toBe(
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to sign requests with signerName "example.com/own"',
    );
    const signer = new CertificateSigning(rights(`sign ${SIGNER}`));
    expect((await signer.validate(status(now))).outcome).toBe('accepted');
  });

  it('asks nothing where neither changes', () => {
    const nobody = rights();
    const same = { certificate: 'eA==', conditions: [{ type: 'Approved' }] };
    new CertificateSigning(nobody).validate(status({ ...same }, structuredClone(same)));
    expect(nobody.asked).toEqual([]);
  });
});

describe('CertificateSubjectRestriction', () => {
  const CLIENT = 'kubernetes.io/kube-apiserver-client';
  const validate = (organizations: string[], signerName = CLIENT) =>
    new CertificateSubjectRestriction().validate(
      on({
        object: csr(undefined, {
          signerName,
          request: Buffer.from(requestPem({ commonName: 'x', organizations })).toString('base64'),
        }),
      }),
    );

  it('keeps system:masters out of client certificates', () => {
    expect(refusal(validate(['dev', 'system:masters']))).toBe(
      'certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
    expect(validate(['system:master']).outcome).toBe('accepted');
    expect(validate(['system:masters'], SIGNER).outcome).toBe('accepted');
  });

  it('wants to read what it judges', () => {
    const object = csr(undefined, { signerName: CLIENT, request: 'eA==' });
    expect(refusal(new CertificateSubjectRestriction().validate(on({ object })))).toContain(
      'failed to parse CSR: PEM block type must be CERTIFICATE REQUEST',
    );
  });
});

describe('ClusterTrustBundleAttest', () => {
  const bundle = (spec: object, metadata: object = {}): KubeObject =>
    ({ metadata: { name: 'b', ...metadata }, spec }) as KubeObject;
  const validate = (right: string, object: KubeObject, oldObject?: KubeObject) =>
    new ClusterTrustBundleAttest(rights(right)).validate(
      attributesOf({
        of: 'clustertrustbundles.certificates.k8s.io',
        operation: oldObject ? 'UPDATE' : 'CREATE',
        object,
        ...(oldObject ? { oldObject } : {}),
      }),
    );

  it('wants the right to attest for the signer', async () => {
    const own = bundle({ signerName: SIGNER });
    expect(refusal(await validate('', own))).toContain('user not permitted to attest for signerName');
    expect((await validate(`attest ${SIGNER}`, own)).outcome).toBe('accepted');
  });

  it('wants none for bundles of nobody, nor for what the garbage collector changes', async () => {
    expect((await validate('', bundle({}))).outcome).toBe('accepted');
    const own = { signerName: SIGNER };
    expect((await validate('', bundle(own, { finalizers: ['a/b'] }), bundle(own))).outcome).toBe('accepted');
    expect((await validate('', bundle(own, { labels: { a: 'b' } }), bundle(own))).outcome).toBe('denied');
  });
});
