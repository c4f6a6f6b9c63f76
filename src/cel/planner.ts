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
import { candidateNames } from './checker.ts';
import { error } from './errors.ts';
import type { Node } from './frame.ts';
import { CONVERSIONS } from './library/standard.ts';
import { constantRegex, implementationOf, membership } from './plan-call.ts';
import { accumulatorNode, foldNode } from './plan-comprehension.ts';
import { listNode, mapNode, structNode } from './plan-literals.ts';
import { callNode, equalityNode, logicalNode, optionalOrNode } from './plan-operators.ts';
import { constantOf, PlanError, type Planned, type PlanScope, plannedNode } from './planned.ts';
import { ArrayList, CelError, CelList, type CelValue, EntryMap } from './values.ts';

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
    const node = plannedNode(this.#scope, this.#plan(expr));
    if (!this.#record) return node;
    const { id } = expr;
    return (frame) => {
      const value = node(frame);
      frame.values?.set(id, value);
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
    return {
      kind: 'root',
      id: expr.id,
      root: this.#recorded(expr.id, plannedNode(this.#scope, planned)),
      steps: [],
    };
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
      case OP.or: {
        const terms = args.map((arg) => this.node(arg));
        return { kind: 'node', node: logicalNode(terms, expr.fn === OP.or, expr.id) };
      }
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
      case OP.notEquals: {
        const negated = expr.fn === OP.notEquals;
        const cost = this.#scope.callCost(expr.fn, negated ? 'not_equals' : 'equals');
        const [left, right] = [this.node(args[0]!), this.node(args[1]!)];
        return { kind: 'node', node: equalityNode(left, right, negated, cost, expr.id) };
      }
      case OP.index:
        return this.#index(expr, args, false);
      case OP.optIndex:
      case OP.optSelect:
        return this.#index(expr, args, true);
      case 'or':
      case 'orValue':
        if (args.length === 2 && expr.target && this.#isOptionalOr(expr)) {
          return { kind: 'node', node: optionalOrNode(expr.fn, this.node(args[0]!), this.node(args[1]!)) };
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
      addStep(attribute, {
        ...step,
        key: undefined,
        keyOf: this.#recorded(key!.id, plannedNode(this.#scope, planned)),
      });
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
    const nodes = planned.map((p, i) => this.#recorded(target.args[i]!.id, plannedNode(this.#scope, p)));
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
    const nodes = planned.map((p, i) => this.#recorded(expr.elements[i]!.id, plannedNode(this.#scope, p)));
    return { kind: 'node', node: listNode(nodes, expr.optionals, expr.id) };
  }

  #map(expr: MapExpr): Planned {
    const planned = expr.entries.map((e) => ({
      key: this.#plan(e.key),
      value: this.#plan(e.value),
      entry: e,
    }));
    if (this.#scope.foldConstants && planned.every((p) => !p.entry.optional)) {
      const map = new EntryMap();
      const sound = planned.every((p) => {
        const [key, value] = [constantOf(p.key), constantOf(p.value)];
        return key !== undefined && value !== undefined && map.put(key, value);
      });
      if (sound) return { kind: 'constant', value: map };
    }
    const entries = planned.map((p) => ({
      key: this.#recorded(p.entry.key.id, plannedNode(this.#scope, p.key)),
      value: this.#recorded(p.entry.value.id, plannedNode(this.#scope, p.value)),
      optional: p.entry.optional,
    }));
    return { kind: 'node', node: mapNode(entries, expr.id) };
  }

  #struct(expr: StructExpr): Node {
    let make: ((fields: Map<string, CelValue>) => CelValue) | undefined;
    for (const name of candidateNames(this.#scope.container, expr.typeName))
      make ??= this.#scope.construct(name);
    if (!make) throw new PlanError(`unknown type: ${expr.typeName}`);
    const fields = expr.fields.map((f) => ({
      name: f.name,
      value: this.node(f.value),
      optional: f.optional,
    }));
    return structNode(fields, make, expr.id);
  }

  #slot(): number {
    return this.slots++;
  }

  #comprehension(expr: ComprehensionExpr): Node {
    const range = this.node(expr.range);
    const init = this.node(expr.init);
    const accumulator = this.#slot();
    const one = this.#slot();
    const two = expr.iterVar2 ? this.#slot() : undefined;
    const outer = this.#locals;
    const readAccumulator = accumulatorNode(accumulator, init, expr.accuVar.startsWith('@result'));
    const readSlot =
      (slot: number): Node =>
      (frame) =>
        frame.slots[slot] ?? null;
    const inner: Locals = { parent: outer, name: expr.accuVar, read: readAccumulator };
    this.#locals = { parent: inner, name: expr.iterVar, read: readSlot(one) };
    if (two !== undefined) this.#locals = { parent: this.#locals, name: expr.iterVar2!, read: readSlot(two) };
    // The accumulator is looked up first, as in cel-go.
    this.#locals = { parent: this.#locals, name: expr.accuVar, read: readAccumulator };
    const condition = this.node(expr.condition);
    const step = this.node(expr.step);
    this.#locals = inner;
    const result = this.node(expr.result);
    this.#locals = outer;
    return foldNode({ id: expr.id, range, condition, step, result, accumulator, one, two });
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

function noSuchAttribute(names: string, id: number): CelValue {
  return labelled(error(`no such attribute(s): ${names}`), id);
}
