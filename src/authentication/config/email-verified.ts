import { type Expr, walk } from '../../cel/index.ts';
import type { Expression } from '../oidc/expressions.ts';

const isClaims = (expr: Expr | undefined): boolean => expr?.kind === 'ident' && expr.name === 'claims';

/** Whether an expression reads `claims.NAME` or `claims.?NAME`. Other ways to it, such as `claims['NAME']`, do not count. */
export function readsClaim({ ast }: Expression, name: string): boolean {
  let found = false;
  walk(ast.root, (expr) => {
    if (expr.kind === 'select') found ||= expr.field === name && isClaims(expr.operand);
    else if (expr.kind === 'call' && expr.fn === '_?._' && expr.target === undefined) {
      const [operand, field] = expr.args;
      found ||= isClaims(operand) && field?.kind === 'literal' && field.value === name;
    }
  });
  return found;
}
