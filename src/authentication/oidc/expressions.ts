import {
  ANY,
  type Ast,
  type Bindings,
  BOOL,
  CelList,
  type CelType,
  type CelValue,
  compile,
  type Environment,
  kubernetesEnvironment,
  listType,
  mapType,
  objectType,
  PER_CALL_LIMIT,
  type Program,
  STRING,
  StringList,
  type StructType,
} from '../../cel/index.ts';

/** An expression of a JWT authenticator, ready to be evaluated. */
export interface Expression {
  source: string;
  program: Program;
  ast: Ast;
}

const USER_FIELDS: Readonly<Record<string, CelType>> = {
  username: STRING,
  uid: STRING,
  groups: listType(STRING),
  extra: mapType(STRING, listType(STRING)),
};
const USER: StructType = {
  type: objectType('kubernetes.UserInfo'),
  field: (name) => (Object.hasOwn(USER_FIELDS, name) ? USER_FIELDS[name] : undefined),
};

const environments = new Map<'claims' | 'user', Environment>();

/** What an expression can see: `claims`, or `user` (apiserver pkg/authentication/cel/compile.go). */
function environmentOf(variable: 'claims' | 'user'): Environment {
  let environment = environments.get(variable);
  if (!environment) {
    environment =
      variable === 'claims'
        ? kubernetesEnvironment().extend({ variables: { claims: mapType(STRING, ANY) } })
        : kubernetesEnvironment().extend({ variables: { user: USER.type }, structs: [USER] });
    environments.set(variable, environment);
  }
  return environment;
}

/** Compiles an expression over claims, of any type. A string is what is wrong with it, in kube-apiserver's words. */
export function compileMapping(source: string): Expression | string {
  return compiled(source, 'claims', ANY);
}

/** Compiles a rule over claims or over the user. A string is what is wrong with it, in kube-apiserver's words. */
export function compileRule(source: string, variable: 'claims' | 'user'): Expression | string {
  return compiled(source, variable, BOOL);
}

function compiled(source: string, variable: 'claims' | 'user', type: CelType): Expression | string {
  const result = compile(environmentOf(variable), source, { expectedTypes: [type] });
  if (result.ok) return { source, program: result.program, ast: result.ast };
  if (result.stage === 'result') return result.text;
  const head = result.stage === 'program' ? 'program instantiation failed: ' : 'compilation failed: ';
  return `${head}${result.text}`;
}

/** The value, or the error that the evaluation ended with. */
export function evaluate(
  expression: Expression,
  bindings: Bindings,
): { value: CelValue } | { error: string } {
  const { value, error } = expression.program.evaluate(bindings, { costLimit: PER_CALL_LIMIT });
  return error ? { error: error.message } : { value: value! };
}

/**
 * A result as a list of strings: one string or a list of them, without the empty ones; null is none. Undefined for what is
 * neither, and for the lists that functions such as split() make.
 */
export function stringsOf(value: CelValue): string[] | undefined {
  if (value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (!(value instanceof CelList) || value instanceof StringList) return undefined;
  const texts: string[] = [];
  for (let i = 0; i < value.length; i++) {
    const item = value.at(i);
    if (typeof item !== 'string') return undefined;
    if (item !== '') texts.push(item);
  }
  return texts;
}
