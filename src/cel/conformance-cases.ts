import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import type { Expr } from './ast.ts';
import type { VariableDecl } from './declarations.ts';
import { type FunctionDecl, member, overload } from './declarations.ts';
import { Environment, type EnvironmentOptions } from './environment.ts';
import { BINDINGS } from './library/bindings.ts';
import { TWO_VARIABLE_COMPREHENSIONS } from './library/comprehensions.ts';
import { ENCODERS } from './library/encoders.ts';
import { MATH } from './library/math.ts';
import { OPTIONALS } from './library/optionals.ts';
import { strings } from './library/strings.ts';
import type { Library } from './library.ts';
import type { Macro, MacroFactory } from './macros.ts';
import {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  NULL,
  objectType,
  opaqueType,
  STRING,
  TIMESTAMP,
  TYPE,
  typeOf,
  typeParam,
  UINT,
  wrapperType,
} from './types.ts';
import { ArrayList, type CelValue, EntryMap, intOf, uintOf } from './values.ts';

/** The official conformance cases (cel-spec), read into our values. They stand here for tests alone. */

type Json = any;

export interface ConformanceCase {
  /** `suite/section/name`. */
  path: string;
  suite: string;
  section: string;
  expr: string;
  container: string;
  disableCheck: boolean;
  checkOnly: boolean;
  typeEnv: Json[];
  bindings: Record<string, Json>;
  /** The expected value as JSON; undefined where an error is expected. */
  value: Json | undefined;
  type: Json | undefined;
  fails: boolean;
  /** Whether protobuf messages are needed to state or run the case. */
  needsMessages: boolean;
}

const MESSAGE =
  /TestAllTypes|TestRequired|cel\.expr\.conformance|google\.protobuf(?!\.(?:Timestamp|Duration)\b(?!\s*\{))|GlobalEnum|NestedEnum|proto\.(?:get|has)Ext|\b[A-Z][A-Za-z0-9]*Value\s*\{/;

function needsMessages(test: Json): boolean {
  const parts = [test.container, test.value, test.typedResult, test.bindings, test.typeEnv];
  const text = JSON.stringify(parts);
  if (MESSAGE.test(test.expr) || MESSAGE.test(text)) return true;
  return /"(?:objectValue|enumValue|wrapper)"/.test(text);
}

/** All cases, in the order of the data. */
export function conformanceCases(): ConformanceCase[] {
  const out: ConformanceCase[] = [];
  for (const suite of (tests as Json).suites) {
    for (const section of suite.suites ?? []) {
      for (const { original: test } of section.tests ?? []) {
        out.push({
          path: `${suite.name}/${section.name}/${test.name}`,
          suite: suite.name,
          section: section.name,
          expr: test.expr,
          container: test.container ?? '',
          disableCheck: test.disableCheck ?? false,
          checkOnly: test.checkOnly ?? false,
          typeEnv: test.typeEnv ?? [],
          bindings: test.bindings ?? {},
          value: test.typedResult?.result ?? test.value ?? (test.evalError ? undefined : { boolValue: true }),
          type: test.typedResult?.deducedType,
          fails: test.evalError !== undefined,
          needsMessages: needsMessages(test),
        });
      }
    }
  }
  return out;
}

/** A value as the data writes it. */
export function readValue(json: Json): CelValue {
  const [[kind, value]] = Object.entries(json) as [[string, Json]];
  switch (kind) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'stringValue':
      return value;
    case 'int64Value':
      return intOf(BigInt(value));
    case 'uint64Value':
      return uintOf(BigInt(value));
    case 'doubleValue':
      return Number(value);
    case 'bytesValue':
      return new Uint8Array(Buffer.from(value, 'base64'));
    case 'listValue':
      return new ArrayList((value.values ?? []).map(readValue));
    case 'mapValue':
      return new EntryMap(
        (value.entries ?? []).map((e: Json) => [readValue(e.key), readValue(e.value)] as const),
      );
    case 'typeValue':
      return typeNamed(value);
    default:
      throw new Error(`unreadable value ${JSON.stringify(json)}`);
  }
}

function typeNamed(name: string): CelType {
  const known = [BOOL, BYTES, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, TYPE, UINT].find(
    (t) => t.name === name,
  );
  return known ?? (name === 'list' ? listType(DYN) : name === 'map' ? mapType(DYN, DYN) : opaqueType(name));
}

/** A type as the data writes it. */
export function readType(json: Json): CelType {
  const [[kind, value]] = Object.entries(json) as [[string, Json]];
  const primitive = (name: string): CelType =>
    ({ BOOL, BYTES, DOUBLE, INT64: INT, UINT64: UINT, STRING })[name] ?? DYN;
  switch (kind) {
    case 'primitive':
      return primitive(value);
    case 'wellKnown':
      return { ANY, DURATION, TIMESTAMP }[value as string] ?? DYN;
    case 'null':
      return NULL;
    case 'dyn':
      return DYN;
    case 'listType':
      return listType(value.elemType ? readType(value.elemType) : DYN);
    case 'mapType':
      return mapType(readType(value.keyType), readType(value.valueType));
    case 'typeParam':
      return typeParam(value);
    case 'messageType':
      return (
        { 'google.protobuf.Duration': DURATION, 'google.protobuf.Timestamp': TIMESTAMP }[value as string] ??
        objectType(value)
      );
    case 'wrapper':
      return wrapperType(primitive(value));
    case 'type':
      return Object.keys(value).length === 0 ? TYPE : typeOf(readType(value));
    case 'abstractType':
      return opaqueType(value.name, ...(value.parameterTypes ?? []).map(readType));
    default:
      throw new Error(`unreadable type ${JSON.stringify(json)}`);
  }
}

/** What optimizers write, in a form that can be parsed: cel.block([…], …), cel.index(n), cel.iterVar(i, j). */
const BLOCKS: Library = {
  name: 'cel.lib.test.block',
  macros: [
    cel('block', 2, (make, args) => make.call('cel.@block', ...args)),
    cel('index', 1, (make, args) => make.ident(`@index${number(args[0])}`)),
    cel('iterVar', 2, (make, args) => make.ident(`@it:${number(args[0])}:${number(args[1])}`)),
    cel('accuVar', 2, (make, args) => make.ident(`@ac:${number(args[0])}:${number(args[1])}`)),
  ],
};

function cel(name: string, args: number, expand: (make: MacroFactory, args: Expr[]) => Expr): Macro {
  return {
    name,
    receiver: true,
    args,
    expand: (make, target, parts) =>
      target?.kind === 'ident' && target.name === 'cel' ? expand(make, parts) : undefined,
  };
}

function number(expr: Expr | undefined): string {
  return expr?.kind === 'literal' ? String(expr.value) : '';
}

const BASE = new Environment({
  libraries: [strings(4), MATH, ENCODERS, BINDINGS, OPTIONALS, TWO_VARIABLE_COMPREHENSIONS, BLOCKS],
  variables: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`@index${i}`, DYN])),
  strictPresenceTests: true,
  crossTypeComparisons: true,
  escapedIdentifiers: true,
});

/** The environment a case asks for. */
export function environmentOf(test: ConformanceCase): Environment {
  const variables: Record<string, CelType> = {};
  const functions: FunctionDecl[] = [];
  const constants: VariableDecl[] = [];
  for (const decl of test.typeEnv) {
    if (decl.ident) variables[decl.name] = readType(decl.ident.type);
    if (decl.function) {
      const overloads = decl.function.overloads.map((o: Json) =>
        (o.isInstanceFunction ? member : overload)(
          o.overloadId,
          (o.params ?? []).map(readType),
          readType(o.resultType),
        ),
      );
      functions.push({ name: decl.name, overloads });
    }
  }
  const options: EnvironmentOptions = { container: test.container, variables, functions, constants };
  return BASE.extend(options);
}
