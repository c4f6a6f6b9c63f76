import { overload } from '../declarations.ts';
import type { Library } from '../library.ts';
import { bind, MacroError } from '../macros.ts';
import { DYN, listType, typeParam } from '../types.ts';

const T = typeParam('T');

/** cel.bind(name, value, body), and the numbered expressions that optimizers make of repeated ones. */
export const BINDINGS: Library = {
  name: 'cel.lib.ext.cel.bindings',
  macros: [
    {
      name: 'bind',
      receiver: true,
      args: 3,
      expand(make, target, args) {
        if (target?.kind !== 'ident' || target.name !== 'cel') return undefined;
        const [variable, value, body] = args;
        if (variable?.kind !== 'ident') {
          return new MacroError(variable!.id, 'cel.bind() variable names must be simple identifiers');
        }
        return bind(make, variable.name, value!, body!);
      },
    },
  ],
  functions: [{ name: 'cel.@block', overloads: [overload('cel_block_list', [listType(DYN), T], T)] }],
  mixedLiterals: ['cel.@block'],
};
