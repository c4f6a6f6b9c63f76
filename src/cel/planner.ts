import type {
  Ast,
  CallExpr,
  ComprehensionExpr,
  Expr,
  ListExpr,
  MapExpr,
  SelectExpr,
  StructExpr,
} from './ast.ts';
import { OP, qualifiedName } from './ast.ts';
import { type Attribute, addStep, labelled, resolve } from './attribute.ts';
import { COST } from './call-cost.ts';
import { candidateNames } from './checker.ts';
import { equals } from './comparison.ts';
import { display, error, noSuchOverload } from './errors.ts';
import type { Frame, Node } from './frame.ts';
import { CONVERSIONS } from './library/standard.ts';
import { type CallContext, constantRegex, implementationOf, membership } from './plan-call.ts';
import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  type CelValue,
  EntryMap,
  GrowingList,
  GrowingMap,
  int,
  typeOfValue,
} from './values.ts';

/** Why a typed expression cannot be made a program. */
export class PlanError extends Error {}

/** What planning needs to know of an environment. */
export interface PlanScope extends CallContext {
  container: string;
  /** A type or constant by name, for expressions that were not type-checked. */
  findConstant(name: string): CelValue | undefined;
  /** Makes a message; undefined = no such type. */
  construct(typeName: string): ((fields: Map<string, CelValue>) => CelValue) | undefined;
  /** Whether constant parts are evaluated when the program is made, and cost nothing. */
  foldConstants: boolean;
  /** Whether has() costs a unit. */
  presenceTestCosts: boolean;
  /** Whether has() and optional selection of what has no fields is an error instead of false. */
  strictPresenceTests: boolean;
}

type Planned =
  | { kind: 'constant'; value: CelValue }
  | { kind: 'attribute'; attribute: Attribute; testOnly: boolean }
  | { kind: 'node'; node: Node };

/** Names bound by comprehensions, with the slots their values are in. */
interface Locals {
  parent: Locals | undefined;
  name: string;
  read: Node;
}

export interface Plan {
  node: Node;
  slots: number;
}

/** Compiles an expression to closures. `record` keeps every sub-expression's value in the frame. */
export function plan(ast: Ast, scope: PlanScope, record: boolean): Plan {
  const planner = new Planner(ast, scope, record);
  const node = planner.node(ast.root);
  return { node, slots: planner.slots };
}

class Planner {
  readonly #ast: Ast;
  readonly #scope: PlanScope;
  readonly #record: boolean;
  #locals: Locals | undefined;
  slots = 0;

  constructor(ast: Ast, scope: PlanScope, record: boolean) {
    this.#ast = ast;
    this.#scope = scope;
    this.#record = record;
  }

  /** An expression as a closure that counts its own cost. */
  node(expr: Expr): Node {
    const node = this.#toNode(this.#plan(expr));
    if (!this.#record) return node;
    const { id } = expr;
    return (frame) => {
      const value = node(frame);
      frame.values?.set(id, value);
      return value;
    };
  }

  #toNode(planned: Planned): Node {
    if (planned.kind === 'node') return planned.node;
    if (planned.kind === 'constant') {
      const { value } = planned;
      return () => value;
    }
    const { attribute } = planned;
    if (planned.testOnly) {
      const cost = this.#scope.presenceTestCosts ? COST.select : 0;
      return (frame) => {
        const value = resolve(attribute, frame);
        frame.spend(cost);
        return value instanceof CelOptional ? value.value !== undefined : value;
      };
    }
    if (attribute.kind === 'conditional') return (frame) => labelled(resolve(attribute, frame), attribute.id);
    if (attribute.steps.length === 0) {
      const { root } = attribute;
      return (frame) => {
        const value = root(frame);
        frame.spend(COST.select);
        return value;
      };
    }
    return (frame) => {
      const value = resolve(attribute, frame);
      frame.spend(COST.select);
      return value;
    };
  }

  #plan(expr: Expr): Planned {
    switch (expr.kind) {
      case 'literal':
        return { kind: 'constant', value: expr.value };
      case 'ident':
        return this.#ident(expr.id, expr.name);
      case 'select': {
        const reference = this.#ast.references.get(expr.id);
        if (reference?.name !== undefined)
          return this.#checkedIdent(expr.id, reference.name, reference.value);
        if (!expr.testOnly && this.#ast.types.size === 0) {
          const named = this.#uncheckedName(expr);
          if (named) return named;
        }
        const attribute = this.#attribute(expr.operand);
        const { id, testOnly } = expr;
        const strict = this.#scope.strictPresenceTests;
        addStep(attribute, { id, key: expr.field, keyOf: undefined, optional: false, testOnly, strict });
        return { kind: 'attribute', attribute, testOnly };
      }
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return { kind: 'node', node: this.#struct(expr) };
      case 'comprehension':
        return { kind: 'node', node: this.#comprehension(expr) };
      default:
        throw new PlanError('unsupported expression');
    }
  }

  /** The expression as the beginning of a chain of selections. */
  #attribute(expr: Expr): Attribute {
    const planned = this.#plan(expr);
    if (planned.kind === 'attribute' && !planned.testOnly) return planned.attribute;
    return { kind: 'root', id: expr.id, root: this.#recorded(expr.id, this.#toNode(planned)), steps: [] };
  }

  #recorded(id: number, node: Node): Node {
    if (!this.#record) return node;
    return (frame) => {
      const value = node(frame);
      frame.values?.set(id, value);
      return value;
    };
  }

  #ident(id: number, name: string): Planned {
    const reference = this.#ast.references.get(id);
    if (reference?.name !== undefined) return this.#checkedIdent(id, reference.name, reference.value);
    const candidates = candidateNames(this.#scope.container, name);
    for (const candidate of candidates) {
      const local = this.#local(candidate);
      if (local) return this.#variable(id, local);
    }
    for (const candidate of candidates) {
      const constant = this.#scope.findConstant(candidate);
      if (constant !== undefined) return { kind: 'constant', value: constant };
    }
    return this.#variable(id, (frame) => {
      for (const candidate of candidates) {
        const value = frame.variable(candidate);
        if (value !== undefined) return value;
      }
      return noSuchAttribute(candidates.join(', '), id);
    });
  }

  /** `a.b` of an unchecked expression, where all of it names a constant or a bound variable. */
  #uncheckedName(expr: SelectExpr): Planned | undefined {
    const name = qualifiedName(expr);
    if (name === undefined) return undefined;
    const candidates = candidateNames(this.#scope.container, name);
    for (const candidate of candidates) {
      const constant = this.#scope.findConstant(candidate);
      if (constant !== undefined) return { kind: 'constant', value: constant };
    }
    const operand = this.#attribute(expr.operand);
    const { id } = expr;
    const strict = this.#scope.strictPresenceTests;
    addStep(operand, { id, key: expr.field, keyOf: undefined, optional: false, testOnly: false, strict });
    return this.#variable(id, (frame) => {
      for (const candidate of candidates) {
        const bound = frame.variable(candidate);
        if (bound !== undefined) return bound;
      }
      return resolve(operand, frame);
    });
  }

  #checkedIdent(id: number, name: string, value: CelValue | undefined): Planned {
    if (value !== undefined) return { kind: 'constant', value };
    const local = this.#local(name);
    if (local) return this.#variable(id, local);
    if (this.#ast.types.get(id)?.kind === 'type') {
      const constant = this.#scope.findConstant(name);
      if (constant !== undefined) return { kind: 'constant', value: constant };
    }
    return this.#variable(id, (frame) => {
      const bound = frame.variable(name);
      return bound === undefined ? noSuchAttribute(name, id) : bound;
    });
  }

  #variable(id: number, root: Node): Planned {
    return {
      kind: 'attribute',
      attribute: { kind: 'root', id, root: this.#recorded(id, root), steps: [] },
      testOnly: false,
    };
  }

  #local(name: string): Node | undefined {
    for (let local = this.#locals; local; local = local.parent) if (local.name === name) return local.read;
    return undefined;
  }

  #call(expr: CallExpr): Planned {
    const args = expr.target ? [expr.target, ...expr.args] : expr.args;
    switch (expr.fn) {
      case OP.and:
        return {
          kind: 'node',
          node: logical(
            args.map((a) => this.node(a)),
            false,
            expr.id,
          ),
        };
      case OP.or:
        return {
          kind: 'node',
          node: logical(
            args.map((a) => this.node(a)),
            true,
            expr.id,
          ),
        };
      case OP.conditional: {
        const [condition, yes, no] = args;
        const attribute: Attribute = {
          kind: 'conditional',
          id: expr.id,
          condition: this.node(condition!),
          yes: this.#attribute(yes!),
          no: this.#attribute(no!),
        };
        return { kind: 'attribute', attribute, testOnly: false };
      }
      case OP.equals:
        return { kind: 'node', node: this.#equality(expr, args, false) };
      case OP.notEquals:
        return { kind: 'node', node: this.#equality(expr, args, true) };
      case OP.index:
        return this.#index(expr, args, false);
      case OP.optIndex:
      case OP.optSelect:
        return this.#index(expr, args, true);
      case 'or':
      case 'orValue':
        if (args.length === 2 && expr.target && this.#isOptionalOr(expr)) {
          return { kind: 'node', node: optionalOr(expr.fn, this.node(args[0]!), this.node(args[1]!)) };
        }
        break;
      case 'cel.@block':
        return { kind: 'node', node: this.#block(args) };
      default:
    }
    return this.#functionCall(expr, args);
  }

  #isOptionalOr(expr: CallExpr): boolean {
    const overloads = this.#ast.references.get(expr.id)?.overloads;
    return (
      overloads?.length !== 1 ||
      overloads[0] === 'optional_or_optional' ||
      overloads[0] === 'optional_orValue_value'
    );
  }

  #equality(expr: CallExpr, args: Expr[], negated: boolean): Node {
    const left = this.node(args[0]!);
    const right = this.node(args[1]!);
    const { id } = expr;
    const cost = this.#scope.callCost(expr.fn, negated ? 'not_equals' : 'equals');
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      let result: CelValue;
      if (a instanceof CelError) result = a;
      else if (b instanceof CelError) result = b;
      else {
        result = equals(a, b);
        if (negated) result = result !== true;
      }
      frame.spend(typeof cost === 'number' ? cost : cost([a, b], result));
      return labelled(result, id);
    };
  }

  #index(expr: CallExpr, args: Expr[], optional: boolean): Planned {
    const [operand, key] = args;
    const attribute = this.#attribute(operand!);
    const planned = this.#plan(key!);
    const step = { id: expr.id, optional, testOnly: false, strict: this.#scope.strictPresenceTests };
    if (planned.kind === 'constant') addStep(attribute, { ...step, key: planned.value, keyOf: undefined });
    else if (planned.kind === 'attribute' && !planned.testOnly) {
      // A chain as an index is resolved, not evaluated: it costs nothing of its own.
      const inner = planned.attribute;
      const keyOf = this.#recorded(key!.id, (frame) => resolve(inner, frame));
      addStep(attribute, { ...step, key: undefined, keyOf });
    } else
      addStep(attribute, { ...step, key: undefined, keyOf: this.#recorded(key!.id, this.#toNode(planned)) });
    return { kind: 'attribute', attribute, testOnly: false };
  }

  #functionCall(expr: CallExpr, args: Expr[]): Planned {
    const overloads = this.#ast.references.get(expr.id)?.overloads;
    const target = this.#resolveFunction(expr, args);
    const planned = target.args.map((arg) => this.#plan(arg));
    const overloadId = overloads?.length === 1 ? overloads[0]! : '';
    const run =
      constantRegex(target.fn, planned.map(constantOf)) ??
      implementationOf(this.#scope, target.fn, overloadId);
    if (typeof run === 'string') throw new PlanError(run);
    const { id } = expr;
    const fold = this.#scope.foldConstants;
    if (fold && CONVERSIONS.has(target.fn) && planned.length === 1 && planned[0]!.kind === 'constant') {
      const value = run(planned[0]!.value);
      if (value instanceof CelError) throw new PlanError(value.message);
      return { kind: 'constant', value };
    }
    const nodes = planned.map((p, i) => this.#recorded(target.args[i]!.id, this.#toNode(p)));
    if (
      fold &&
      overloadId === 'in_list' &&
      planned[1]?.kind === 'constant' &&
      planned[1].value instanceof CelList
    ) {
      const test = membership(planned[1].value);
      if (test === false) return { kind: 'constant', value: false };
      const value = nodes[0]!;
      if (test) {
        return {
          kind: 'node',
          node: (frame) => {
            const v = value(frame);
            return v instanceof CelError ? v : test(v);
          },
        };
      }
    }
    const cost = this.#scope.callCost(target.fn, overloadId);
    const nonStrict = this.#scope.findFunction(target.fn)?.overloads.some((o) => o.nonStrict) ?? false;
    return { kind: 'node', node: callNode(nodes, run, cost, nonStrict, id) };
  }

  /** An unchecked call may mean a namespaced function: `a.b.c()` is either a.b.c or c called on a.b. */
  #resolveFunction(expr: CallExpr, args: Expr[]): { fn: string; args: Expr[] } {
    if (this.#ast.types.size > 0) return { fn: expr.fn, args };
    const prefix = expr.target ? qualifiedName(expr.target) : '';
    if (prefix !== undefined) {
      const name = prefix === '' ? expr.fn : `${prefix}.${expr.fn}`;
      for (const candidate of candidateNames(this.#scope.container, name)) {
        if (this.#scope.findFunction(candidate)) return { fn: candidate, args: expr.args };
      }
    }
    return { fn: expr.fn, args };
  }

  #list(expr: ListExpr): Planned {
    const planned = expr.elements.map((e) => this.#plan(e));
    if (
      this.#scope.foldConstants &&
      expr.optionals.size === 0 &&
      planned.every((p) => p.kind === 'constant')
    ) {
      return { kind: 'constant', value: new ArrayList(planned.map((p) => constantOf(p)!)) };
    }
    const nodes = planned.map((p, i) => this.#recorded(expr.elements[i]!.id, this.#toNode(p)));
    const { optionals, id } = expr;
    return {
      kind: 'node',
      node: (frame) => {
        const items: CelValue[] = [];
        let result: CelValue | undefined;
        for (let i = 0; i < nodes.length; i++) {
          const value = nodes[i]!(frame);
          if (value instanceof CelError) {
            result = value;
            break;
          }
          if (!optionals.has(i)) items.push(value);
          else if (!(value instanceof CelOptional)) {
            result = error(
              `cannot initialize optional list element from non-optional value ${display(value)}`,
            );
            break;
          } else if (value.value !== undefined) items.push(value.value);
        }
        frame.spend(COST.createList);
        return labelled(result ?? new ArrayList(items), id);
      },
    };
  }

  #map(expr: MapExpr): Planned {
    const planned = expr.entries.map((e) => ({
      key: this.#plan(e.key),
      value: this.#plan(e.value),
      entry: e,
    }));
    const fixed = planned.every(
      (p) => p.key.kind === 'constant' && p.value.kind === 'constant' && !p.entry.optional,
    );
    const entries = planned.map((p) => ({
      key: this.#recorded(p.entry.key.id, this.#toNode(p.key)),
      value: this.#recorded(p.entry.value.id, this.#toNode(p.value)),
      optional: p.entry.optional,
    }));
    const { id } = expr;
    const build = (frame: Frame): CelValue => {
      const map = new EntryMap();
      for (const entry of entries) {
        const key = entry.key(frame);
        if (key instanceof CelError) return key;
        let value = entry.value(frame);
        if (value instanceof CelError) return value;
        if (entry.optional) {
          if (!(value instanceof CelOptional)) {
            return error(
              `cannot initialize optional entry '${display(key)}' from non-optional value ${display(value)}`,
            );
          }
          if (value.value === undefined) {
            map.remove(key);
            continue;
          }
          value = value.value;
        }
        if (!map.put(key, value)) return error(`unsupported key type: ${typeOfValue(key).name}`);
      }
      return map;
    };
    if (fixed && this.#scope.foldConstants) {
      const map = new EntryMap();
      const sound = planned.every((p) => {
        const value = constantOf(p.value);
        return value !== undefined && map.put(constantOf(p.key)!, value);
      });
      if (sound) return { kind: 'constant', value: map };
    }
    return {
      kind: 'node',
      node: (frame) => {
        const map = build(frame);
        frame.spend(COST.createMap);
        return labelled(map, id);
      },
    };
  }

  #struct(expr: StructExpr): Node {
    let make: ((fields: Map<string, CelValue>) => CelValue) | undefined;
    for (const name of candidateNames(this.#scope.container, expr.typeName))
      make ??= this.#scope.construct(name);
    if (!make) throw new PlanError(`unknown type: ${expr.typeName}`);
    const construct = make;
    const fields = expr.fields.map((f) => ({
      name: f.name,
      value: this.node(f.value),
      optional: f.optional,
    }));
    const { id } = expr;
    return (frame) => {
      const values = new Map<string, CelValue>();
      let failed: CelError | undefined;
      for (const field of fields) {
        let value = field.value(frame);
        if (value instanceof CelError) {
          failed = value;
          break;
        }
        if (field.optional) {
          if (!(value instanceof CelOptional)) {
            failed = error(
              `cannot initialize optional entry '${field.name}' from non-optional value ${display(value)}`,
            );
            break;
          }
          if (value.value === undefined) continue;
          value = value.value;
        }
        values.set(field.name, value);
      }
      frame.spend(COST.createStruct);
      return labelled(failed ?? construct(values), id);
    };
  }

  #slot(): number {
    return this.slots++;
  }

  #comprehension(expr: ComprehensionExpr): Node {
    const range = this.node(expr.range);
    const init = this.node(expr.init);
    const [accu, one, two] = [this.#slot(), this.#slot(), this.#slot()];
    // An accumulator that nothing else can name may grow in place.
    const growing = expr.accuVar.startsWith('@result');
    const outer = this.#locals;
    const readAccu: Node = (frame) => {
      const known = frame.slots[accu];
      if (known !== undefined) return known;
      let value = init(frame);
      if (growing && value instanceof CelList && value.length === 0) value = new GrowingList();
      else if (growing && value instanceof CelMap && value.size === 0) value = new GrowingMap();
      frame.slots[accu] = value;
      return value;
    };
    const withAccu: Locals = { parent: outer, name: expr.accuVar, read: readAccu };
    const readSlot =
      (slot: number): Node =>
      (frame) =>
        frame.slots[slot] ?? null;
    this.#locals = { parent: withAccu, name: expr.iterVar, read: readSlot(one) };
    if (expr.iterVar2) this.#locals = { parent: this.#locals, name: expr.iterVar2, read: readSlot(two) };
    // The accumulator is looked up first, as in cel-go.
    this.#locals = { parent: this.#locals, name: expr.accuVar, read: readAccu };
    const condition = this.node(expr.condition);
    const step = this.node(expr.step);
    this.#locals = withAccu;
    const result = this.node(expr.result);
    this.#locals = outer;
    const { id, iterVar2 } = expr;
    const turn = (frame: Frame, first: CelValue, second: CelValue): boolean => {
      frame.slots[one] = first;
      frame.slots[two] = second;
      if (condition(frame) === false) return false;
      frame.slots[accu] = step(frame);
      return true;
    };
    return (frame) => {
      const over = range(frame);
      if (over instanceof CelError) return over;
      frame.slots[accu] = undefined;
      if (over instanceof CelList) {
        for (let i = 0; i < over.length; i++) {
          if (iterVar2 ? !turn(frame, int(i), over.at(i)) : !turn(frame, over.at(i), null)) break;
        }
      } else if (over instanceof CelMap) {
        for (const key of over.keys()) {
          if (!turn(frame, key, iterVar2 ? over.get(key)! : null)) break;
        }
      } else {
        return labelled(
          error(
            iterVar2
              ? `unsupported comprehension range type: ${goType(over)}`
              : `got '${goType(over)}', expected iterable type`,
          ),
          id,
        );
      }
      const value = result(frame);
      return value instanceof GrowingList ? new ArrayList(value.items) : value;
    };
  }

  /** Expressions by number, each evaluated when first read (`@index0` …). */
  #block(args: Expr[]): Node {
    const [bindings, body] = args;
    if (bindings?.kind !== 'list' || !body)
      throw new PlanError('cel.@block expects a list constructor as the first argument');
    const outer = this.#locals;
    const slots = bindings.elements.map(() => this.#slot());
    bindings.elements.forEach((element, i) => {
      const node = this.node(element);
      const slot = slots[i]!;
      this.#locals = {
        parent: this.#locals,
        name: `@index${i}`,
        read: (frame) => {
          frame.slots[slot] ??= node(frame);
          return frame.slots[slot];
        },
      };
    });
    const result = this.node(body);
    this.#locals = outer;
    return (frame) => {
      for (const slot of slots) frame.slots[slot] = undefined;
      return result(frame);
    };
  }
}

function constantOf(planned: Planned): CelValue | undefined {
  return planned.kind === 'constant' ? planned.value : undefined;
}

function noSuchAttribute(names: string, id: number): CelValue {
  return labelled(error(`no such attribute(s): ${names}`), id);
}

/** && and ||: an error counts only where no other term decides. */
function logical(terms: Node[], decisive: boolean, id: number): Node {
  return (frame) => {
    let failed: CelValue | undefined;
    for (const term of terms) {
      const value = term(frame);
      if (value === decisive) return decisive;
      if (typeof value !== 'boolean') failed ??= labelled(noSuchOverload(value), id);
    }
    return failed ?? !decisive;
  };
}

/** or() and orValue(): the other side is evaluated only if there is no value. */
function optionalOr(fn: string, left: Node, right: Node): Node {
  return (frame) => {
    const value = left(frame);
    if (!(value instanceof CelOptional)) return value;
    if (value.value === undefined) return right(frame);
    return fn === 'or' ? value : value.value;
  };
}

function callNode(
  args: Node[],
  run: (...args: CelValue[]) => CelValue,
  cost: ReturnType<CallContext['callCost']>,
  nonStrict: boolean,
  id: number,
): Node {
  if (args.length === 1) {
    const [only] = args as [Node];
    return (frame) => {
      const a = only(frame);
      const result = a instanceof CelError && !nonStrict ? a : run(a);
      frame.spend(typeof cost === 'number' ? cost : cost([a], result));
      return labelled(result, id);
    };
  }
  if (args.length === 2) {
    const [left, right] = args as [Node, Node];
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      let result: CelValue;
      if (!nonStrict && a instanceof CelError) result = a;
      else if (!nonStrict && b instanceof CelError) result = b;
      else result = run(a, b);
      frame.spend(typeof cost === 'number' ? cost : cost([a, b], result));
      return labelled(result, id);
    };
  }
  return (frame) => {
    const values: CelValue[] = [];
    for (const arg of args) {
      const value = arg(frame);
      // What comes behind an error is not evaluated, and then the call costs nothing.
      if (value instanceof CelError && !nonStrict) return value;
      values.push(value);
    }
    const result = run(...values);
    frame.spend(typeof cost === 'number' ? cost : cost(values, result));
    return labelled(result, id);
  };
}

/** A value's type in the words that Go has for it, for messages. */
function goType(value: CelValue): string {
  const name = typeOfValue(value).name;
  if (value instanceof CelOptional) return '*types.Optional';
  const known: Record<string, string> = {
    string: 'String',
    int: 'Int',
    uint: 'Uint',
    double: 'Double',
    bool: 'Bool',
    bytes: 'Bytes',
    null_type: 'Null',
    'google.protobuf.Duration': 'Duration',
    'google.protobuf.Timestamp': 'Timestamp',
  };
  return known[name] ? `types.${known[name]}` : `*types.${name}`;
}
