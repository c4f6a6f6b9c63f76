import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { RequestSummary } from '../explain/request-summary.ts';
import type { Caller } from './offline-doors.ts';
import { type DoorFlags, madeUpUser, requestOf } from './try.ts';
import { questionOf } from './who-can.ts';

/** What a test says should come of a request; what is not given may be anything. */
export interface Expectation {
  verdict: 'allowed' | 'refused';
  /** Of a verdict that decided it. */
  code?: string;
  user?: string;
  groups?: readonly string[];
}

export interface DoorTest {
  name: string;
  caller: Caller;
  request: RequestSummary;
  /** Milliseconds since 1970; absent: now. */
  at?: number;
  expect: Expectation;
}

export interface TestFile {
  path: string;
  /** What the doors are made of, by the file; flags of the command line stand above it. */
  doors: DoorFlags;
  tests: readonly DoorTest[];
}

/** Every part of a test file and what may stand in it; a misspelt field would test nothing. */
const FIELDS = {
  file: [
    'authenticationConfig',
    'tokenAuthFile',
    'clientCAFile',
    'serviceAccountKeyFiles',
    'serviceAccountIssuers',
    'apiAudiences',
    'anonymousAuth',
    'authorizationConfig',
    'authorizationModes',
    'authorizationPolicyFile',
    'manifests',
    'defaults',
    'tests',
  ],
  test: ['name', 'who', 'what', 'at', 'expect'],
  who: ['user', 'groups', 'uid', 'claims', 'token', 'tokenFile', 'certificate', 'anonymous'],
  what: ['verb', 'resource', 'subresource', 'name', 'namespace', 'path'],
  expect: ['verdict', 'code', 'user', 'groups'],
} as const;

/** Reads a test file; paths in it are from its own folder. Throws an Error that names the file and the part that is wrong. */
export function readTestFile(path: string): TestFile {
  const document = parseDocument(readFileSync(path, 'utf8'));
  const fault = document.errors[0];
  if (fault) throw new Error(`${path}: ${fault.message.split('\n')[0]}`);
  return within(path, () => {
    const whole = fields(document.toJS(), 'file', 'the file');
    const tests = list(whole['tests'], 'tests');
    if (tests.length === 0) throw new Error('tests: there are none');
    return {
      path,
      doors: doorsOf(whole, dirname(path)),
      tests: tests.map((test, i) => within(`tests[${i}]`, () => testOf(test, dirname(path)))),
    };
  });
}

function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown, part: keyof typeof FIELDS, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} has to be a mapping`);
  const known: readonly string[] = FIELDS[part];
  for (const field of Object.keys(value))
    if (!known.includes(field))
      throw new Error(`${name} has no field ${JSON.stringify(field)}; there are ${known.join(', ')}`);
  return value as Fields;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`${name} has to be a list`);
}

function texts(value: unknown, name: string): string[] {
  return list(value, name).map((item) => text(item, name)!);
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new Error(`${name} has to be a string`);
}

function doorsOf(whole: Fields, folder: string): DoorFlags {
  const path = (name: string): string | undefined => {
    const given = text(whole[name], name);
    return given === undefined ? undefined : resolve(folder, given);
  };
  const doors: Record<string, unknown> = {
    from: path('manifests'),
    defaults: whole['defaults'],
    authenticationConfig: path('authenticationConfig'),
    tokenAuthFile: path('tokenAuthFile'),
    clientCaFile: path('clientCAFile'),
    authorizationConfig: path('authorizationConfig'),
    authorizationPolicyFile: path('authorizationPolicyFile'),
    anonymousAuth: whole['anonymousAuth'],
  };
  for (const [name, flag] of [
    ['serviceAccountKeyFiles', 'serviceAccountKeyFile'],
    ['serviceAccountIssuers', 'serviceAccountIssuer'],
  ] as const) {
    const given = texts(whole[name], name);
    if (given.length)
      doors[flag] = name === 'serviceAccountKeyFiles' ? given.map((file) => resolve(folder, file)) : given;
  }
  for (const [name, flag] of [
    ['apiAudiences', 'apiAudiences'],
    ['authorizationModes', 'authorizationMode'],
  ] as const)
    if (whole[name] !== undefined) doors[flag] = texts(whole[name], name).join(',');
  return Object.fromEntries(Object.entries(doors).filter(([, value]) => value !== undefined));
}

function testOf(value: unknown, folder: string): DoorTest {
  const test = fields(value, 'test', 'a test');
  const request = within('what', () => whatOf(fields(test['what'], 'what', 'what')));
  const caller = within('who', () => whoOf(fields(test['who'], 'who', 'who'), folder));
  const at = timeOf(test['at']);
  return {
    name: text(test['name'], 'name') ?? `${request.verb} ${request.resource || request.path}`,
    caller,
    request,
    ...(at === undefined ? {} : { at }),
    expect: within('expect', () => expectationOf(fields(test['expect'], 'expect', 'expect'))),
  };
}

function timeOf(value: unknown): number | undefined {
  const given = text(value, 'at');
  if (given === undefined) return undefined;
  const time = Date.parse(given);
  if (Number.isNaN(time)) throw new Error('at: a time is written as 2026-11-21T08:14:00Z');
  return time;
}

const WAYS = ['user', 'claims', 'token', 'tokenFile', 'certificate', 'anonymous'] as const;

function whoOf(who: Fields, folder: string): Caller {
  const given = WAYS.filter((way) => who[way] !== undefined);
  if (given.length !== 1) throw new Error(`give one of ${WAYS.join(', ')}`);
  const file = (name: string): string =>
    readFileSync(resolve(folder, text(who[name], name) ?? ''), 'utf8').trim();
  switch (given[0]) {
    case 'claims': {
      const { claims } = who;
      if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
        throw new Error('claims have to be a mapping');
      return { kind: 'claims', claims: claims as Record<string, unknown> };
    }
    case 'token':
      return { kind: 'token', token: text(who['token'], 'token')! };
    case 'tokenFile':
      return { kind: 'token', token: file('tokenFile') };
    case 'certificate':
      return { kind: 'certificate', pem: file('certificate') };
    case 'user': {
      const user = madeUpUser(
        text(who['user'], 'user')!,
        texts(who['groups'], 'groups'),
        text(who['uid'], 'uid'),
      );
      return { kind: 'user', user };
    }
    default:
      return { kind: 'anonymous' };
  }
}

function whatOf(what: Fields): RequestSummary {
  const verb = text(what['verb'], 'verb');
  const path = text(what['path'], 'path');
  const resource = text(what['resource'], 'resource');
  if (!verb || (path === undefined) === (resource === undefined))
    throw new Error('give a verb and either a resource or a path');
  if (path !== undefined) return requestOf({ verb, path });
  const name = text(what['name'], 'name');
  const namespace = text(what['namespace'], 'namespace');
  const subresource = text(what['subresource'], 'subresource');
  // A namespace left out means all of them: here nothing stands in a kubeconfig's context.
  const asked = questionOf(verb, name ? `${resource}/${name}` : resource!, {
    namespace: namespace ?? '',
    ...(subresource ? { subresource } : {}),
  });
  return requestOf(asked);
}

function expectationOf(expect: Fields): Expectation {
  const verdict = text(expect['verdict'], 'verdict');
  if (verdict !== 'allowed' && verdict !== 'refused') throw new Error('verdict has to be allowed or refused');
  const code = text(expect['code'], 'code');
  const user = text(expect['user'], 'user');
  return {
    verdict,
    ...(code === undefined ? {} : { code }),
    ...(user === undefined ? {} : { user }),
    ...(expect['groups'] === undefined ? {} : { groups: texts(expect['groups'], 'groups') }),
  };
}
