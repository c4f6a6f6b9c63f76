/** What may stand in a test file, as JSON Schema 2020-12: editors read it, and the reader takes the names of fields from it. */

const text = (description: string): object => ({ type: 'string', description });
const texts = (description: string): object => ({ type: 'array', items: { type: 'string' }, description });

const WHO = {
  user: text('A made-up user, or system:serviceaccount:NAMESPACE:NAME.'),
  groups: texts('Groups of the made-up user.'),
  uid: text('The uid of the made-up user.'),
  claims: {
    type: 'object',
    description:
      'Claims of an ID token that nobody has to sign; iss, aud and exp are as a good token has them unless given.',
  },
  token: text('A bearer token.'),
  tokenFile: text('A file with a bearer token.'),
  certificate: text('A client certificate, its intermediates behind it (PEM).'),
  anonymous: { const: true, description: 'Nobody: a request without credentials.' },
};

const WHAT = {
  verb: text('A verb such as get, list or create; for a path a method in lower case.'),
  resource: text('A resource: pods, deployments.apps, pods/log.'),
  subresource: text('A subresource, such as log or exec.'),
  name: text('The name of one object.'),
  namespace: text('The namespace; left out: all of them.'),
  path: text('A URL instead of a resource, such as /metrics.'),
};

const EXPECT = {
  verdict: { enum: ['allowed', 'refused'], description: 'What has to come of the request.' },
  code: text('The code of a verdict that decided it, as docs/codes.md lists them.'),
  user: text('Whom the request has to be of.'),
  groups: texts('Groups that the user has to be in.'),
};

const TEST = {
  name: text('What is tested, for reports.'),
  who: {
    type: 'object',
    properties: WHO,
    additionalProperties: false,
    oneOf: ['user', 'claims', 'token', 'tokenFile', 'certificate', 'anonymous'].map((way) => ({
      required: [way],
    })),
    description: 'Who asks: one of user, claims, token, tokenFile, certificate and anonymous.',
  },
  what: {
    type: 'object',
    properties: WHAT,
    additionalProperties: false,
    required: ['verb'],
    oneOf: [{ required: ['resource'] }, { required: ['path'] }],
    description: 'What is asked for.',
  },
  at: text('The time it happens at, such as 2027-01-01T00:00:00Z; left out: now.'),
  expect: {
    type: 'object',
    properties: EXPECT,
    additionalProperties: false,
    required: ['verdict'],
    description: 'What has to come of it.',
  },
};

const FILE = {
  manifests: text(
    'A file or folder of manifests with roles and bindings. Paths are from the file’s own folder.',
  ),
  defaults: {
    type: 'boolean',
    description: 'False: without the default roles and bindings of every cluster.',
  },
  authenticationConfig: text('AuthenticationConfiguration.'),
  tokenAuthFile: text('CSV file of static tokens.'),
  clientCAFile: text('PEM bundle that client certificates are verified with.'),
  serviceAccountKeyFiles: texts('PEM keys of ServiceAccount tokens.'),
  serviceAccountIssuers: texts('Issuers of ServiceAccount tokens.'),
  apiAudiences: texts('Audiences of the API.'),
  anonymousAuth: { type: 'boolean', description: 'False: nobody is let in without credentials.' },
  authorizationConfig: text('AuthorizationConfiguration.'),
  authorizationModes: texts('Authorizers in their order; RBAC unless given.'),
  authorizationPolicyFile: text('File of ABAC policies.'),
  tests: {
    type: 'array',
    minItems: 1,
    items: {
      type: 'object',
      properties: TEST,
      additionalProperties: false,
      required: ['who', 'what', 'expect'],
    },
    description: 'The tests.',
  },
};

/** The names of the fields of each part. */
export const TEST_FILE_FIELDS = {
  file: Object.keys(FILE),
  test: Object.keys(TEST),
  who: Object.keys(WHO),
  what: Object.keys(WHAT),
  expect: Object.keys(EXPECT),
} as const;

export const TEST_FILE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tests of Kubernetes authentication and authorization, for sallyport test',
  type: 'object',
  properties: FILE,
  additionalProperties: false,
  required: ['tests'],
};
