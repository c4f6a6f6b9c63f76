import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RequestSummary } from '../explain/request-summary.ts';
import type { Caller } from './offline-doors.ts';
import { TEST_FILE_FIELDS } from './test-file-schema.ts';
import { type DoorFlags, madeUpUser, requestOf } from './try.ts';
import { questionOf } from './who-can.ts';
import { YamlPlaces } from './yaml-places.ts';

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

/** Something in a test file that cannot be used; `field` is where, as `tests[0].who`. */
class Problem extends Error {
  readonly field: string;
  /** Whether the field's name is the trouble, and not what it holds. */
  readonly isName: boolean;
  constructor(field: string, message: string, isName = false) {
    super(message);
    this.field = field;
    this.isName = isName;
  }
}

/** A test file that cannot be used: each of its faults with the place in the file. */
export class BadTestFile extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** Reads a test file; paths in it are from its own folder. Throws BadTestFile with all that is wrong with it. */
export function readTestFile(path: string): TestFile {
  const places = new YamlPlaces(textOf(path));
  const located = ({ message, field, isName }: Problem): string => {
    const place = isName ? places.nameAt(field) : places.at(field);
    const at = place ? `${path}:${place.line}:${place.column}` : path;
    return `${at}: ${field && !isName ? `${field}: ` : ''}${message}`;
  };
  const { syntaxFault } = places;
  if (syntaxFault) {
    const { line, column } = syntaxFault.place;
    throw new BadTestFile([`${path}:${line}:${column}: ${syntaxFault.message}`]);
  }
  const faults: Problem[] = [];
  const attempt = <T>(make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      faults.push(error instanceof Problem ? error : new Problem('', (error as Error).message));
      return undefined;
    }
  };
  const whole = attempt(() => fields(places.document.toJS(), 'file', 'the file'));
  const doors = whole && attempt(() => doorsOf(whole, dirname(path)));
  const given = whole && attempt(() => list(whole['tests'], 'tests'));
  if (given?.length === 0) faults.push(new Problem('tests', 'there are none'));
  const tests = (given ?? []).map((test, i) =>
    attempt(() => within(`tests[${i}]`, () => testOf(test, dirname(path)))),
  );
  if (faults.length) throw new BadTestFile(faults.map(located));
  return { path, doors: doors!, tests: tests.map((test) => test!) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new BadTestFile([
      `${path}: ${code === 'ENOENT' ? 'there is no such file' : (error as Error).message}`,
    ]);
  }
}

function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Problem)) throw new Problem(place, (error as Error).message);
    const { field, message, isName } = error;
    throw new Problem(field === '' ? place : `${place}.${field}`, message, isName);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** A misspelt field would test nothing. */
function fields(value: unknown, part: keyof typeof TEST_FILE_FIELDS, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Problem('', `${name} has to be a mapping`);
  const known: readonly string[] = TEST_FILE_FIELDS[part];
  for (const field of Object.keys(value))
    if (!known.includes(field))
      throw new Problem(
        field,
        `${name} has no field ${JSON.stringify(field)}; there are ${known.join(', ')}`,
        true,
      );
  return value as Fields;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Problem(name, 'has to be a list');
}

function texts(value: unknown, name: string): string[] {
  return list(value, name).map((item) => text(item, name)!);
}

function text(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new Problem(name, 'has to be a string');
}

function flag(value: unknown, name: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw new Problem(name, 'has to be true or false');
}

function doorsOf(whole: Fields, folder: string): DoorFlags {
  const path = (name: string): string | undefined => {
    const given = text(whole[name], name);
    return given === undefined ? undefined : resolve(folder, given);
  };
  const doors: Record<string, unknown> = {
    from: path('manifests'),
    defaults: flag(whole['defaults'], 'defaults'),
    authenticationConfig: path('authenticationConfig'),
    tokenAuthFile: path('tokenAuthFile'),
    clientCaFile: path('clientCAFile'),
    authorizationConfig: path('authorizationConfig'),
    authorizationPolicyFile: path('authorizationPolicyFile'),
    anonymousAuth: flag(whole['anonymousAuth'], 'anonymousAuth'),
  };
  for (const [name, option] of [
    ['serviceAccountKeyFiles', 'serviceAccountKeyFile'],
    ['serviceAccountIssuers', 'serviceAccountIssuer'],
  ] as const) {
    const given = texts(whole[name], name);
    if (given.length)
      doors[option] = name === 'serviceAccountKeyFiles' ? given.map((file) => resolve(folder, file)) : given;
  }
  for (const [name, option] of [
    ['apiAudiences', 'apiAudiences'],
    ['authorizationModes', 'authorizationMode'],
  ] as const)
    if (whole[name] !== undefined) doors[option] = texts(whole[name], name).join(',');
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
  if (Number.isNaN(time)) throw new Problem('at', 'a time is written as 2026-11-21T08:14:00Z');
  return time;
}

const WAYS = ['user', 'claims', 'token', 'tokenFile', 'certificate', 'anonymous'] as const;

function whoOf(who: Fields, folder: string): Caller {
  const given = WAYS.filter((way) => who[way] !== undefined);
  if (given.length !== 1) throw new Problem('', `give one of ${WAYS.join(', ')}`);
  for (const name of ['groups', 'uid'])
    if (who[name] !== undefined && who['user'] === undefined)
      throw new Problem(name, `${name} are for a made-up user; others have those of their credential`, true);
  const file = (name: string): string =>
    within(name, () => readFileSync(resolve(folder, text(who[name], '') ?? ''), 'utf8').trim());
  switch (given[0]) {
    case 'claims': {
      const { claims } = who;
      if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
        throw new Problem('claims', 'has to be a mapping');
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
      if (who['anonymous'] !== true) throw new Problem('anonymous', 'has to be true');
      return { kind: 'anonymous' };
  }
}

function whatOf(what: Fields): RequestSummary {
  const verb = text(what['verb'], 'verb');
  const path = text(what['path'], 'path');
  const resource = text(what['resource'], 'resource');
  if (!verb || (path === undefined) === (resource === undefined))
    throw new Problem('', 'give a verb and either a resource or a path');
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
  if (verdict !== 'allowed' && verdict !== 'refused')
    throw new Problem(verdict === undefined ? '' : 'verdict', 'has to be allowed or refused');
  const code = text(expect['code'], 'code');
  const user = text(expect['user'], 'user');
  return {
    verdict,
    ...(code === undefined ? {} : { code }),
    ...(user === undefined ? {} : { user }),
    ...(expect['groups'] === undefined ? {} : { groups: texts(expect['groups'], 'groups') }),
  };
}
