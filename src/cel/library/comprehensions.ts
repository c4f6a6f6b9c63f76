import { ACCUMULATOR, type Expr, OP } from '../ast.ts';
import { overload } from '../declarations.ts';
import { display, error } from '../errors.ts';
import type { Library } from '../library.ts';
import { collect, loopVariable, type Macro, MacroError, type MacroFactory, quantifier } from '../macros.ts';
import { mapType, typeParam } from '../types.ts';
import { CelError, type CelMap, type CelValue, EntryMap, GrowingMap } from '../values.ts';
import { charge } from '../work.ts';

const K = typeParam('K');
const V = typeParam('V');
const MAP_KV = mapType(K, V);

/** The two loop variables, or what is wrong with them. */
function variables(args: Expr[]): [string, string] | MacroError {
  const [one, two] = args as [Expr, Expr];
  for (const arg of [one, two]) {
    if (arg.kind !== 'ident') return new MacroError(arg.id, 'argument must be a simple name');
  }
  if (one.kind === 'ident' && two.kind === 'ident' && one.name === two.name) {
    return new MacroError(two.id, `duplicate variable name: ${one.name}`);
  }
  const first = loopVariable(one);
  if (first instanceof MacroError) return first;
  const second = loopVariable(two);
  return second instanceof MacroError ? second : [first, second];
}

function quantifierMacro(name: string, kind: 'all' | 'exists' | 'existsOne'): Macro {
  return {
    name,
    receiver: true,
    args: 3,
    expand(make, target, args) {
      const names = variables(args);
      if (names instanceof MacroError) return names;
      return quantifier(kind, make, target!, names[0], names[1], args[2]!);
    },
  };
}

type Step = (make: MacroFactory, key: string, transform: Expr) => Expr;

/** A macro that builds a map, entry by entry, with and without a filter. */
function mapMacros(name: string, insert: Step): Macro[] {
  const expand: Macro['expand'] = (make, target, args) => {
    const names = variables(args);
    if (names instanceof MacroError) return names;
    const filter = args.length === 4 ? args[2] : undefined;
    let step = insert(make, names[0], args.at(-1)!);
    if (filter) step = make.call(OP.conditional, filter, step, make.accumulator());
    return make.fold({
      range: target!,
      iterVar: names[0],
      iterVar2: names[1],
      accuVar: ACCUMULATOR,
      init: make.map(),
      condition: make.literal(true),
      step,
      result: make.accumulator(),
    });
  };
  return [3, 4].map((args) => ({ name, receiver: true, args, expand }));
}

const transformList: Macro[] = [3, 4].map((args) => ({
  name: 'transformList',
  receiver: true,
  args,
  expand(make, target, parts) {
    const names = variables(parts);
    if (names instanceof MacroError) return names;
    return collect(
      make,
      target!,
      names[0],
      names[1],
      parts.length === 4 ? parts[2] : undefined,
      parts.at(-1)!,
    );
  },
}));

function insert(map: CelMap, key: CelValue, value: CelValue): CelValue {
  charge(1);
  if (map.get(key) !== undefined) return error(`insert failed: key ${display(key)} already exists`);
  let target = map;
  if (!(target instanceof GrowingMap)) {
    const copy = new EntryMap();
    for (const known of map.keys()) copy.put(known, map.get(known)!);
    target = copy;
  }
  return (target as EntryMap).put(key, value) ? target : error('unsupported key type');
}

function insertAll(map: CelMap, added: CelMap): CelValue {
  let target: CelValue = map;
  for (const key of added.keys()) {
    target = insert(target as CelMap, key, added.get(key)!);
    if (target instanceof CelError) return target;
  }
  return target;
}

/** Comprehensions over index and element, or key and value. */
export const TWO_VARIABLE_COMPREHENSIONS: Library = {
  name: 'cel.lib.ext.comprev2',
  macros: [
    quantifierMacro('all', 'all'),
    quantifierMacro('exists', 'exists'),
    quantifierMacro('existsOne', 'existsOne'),
    quantifierMacro('exists_one', 'existsOne'),
    ...transformList,
    ...mapMacros('transformMap', (make, key, transform) =>
      make.call('cel.@mapInsert', make.accumulator(), make.ident(key), transform),
    ),
    ...mapMacros('transformMapEntry', (make, _key, transform) =>
      make.call('cel.@mapInsert', make.accumulator(), transform),
    ),
  ],
  functions: [
    {
      name: 'cel.@mapInsert',
      overloads: [
        overload('@mapInsert_map_key_value', [MAP_KV, K, V], MAP_KV, (map, key, value) =>
          insert(map as CelMap, key!, value!),
        ),
        overload('@mapInsert_map_map', [MAP_KV, MAP_KV], MAP_KV, (map, added) =>
          insertAll(map as CelMap, added as CelMap),
        ),
      ],
    },
  ],
};
