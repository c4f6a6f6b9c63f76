import type { TypeNode } from './type-table.ts';

/** What a null leaves in a list or as the value of a map. */
export function zeroValue(node: TypeNode): unknown {
  switch (node.kind) {
    case 'struct':
    case 'map':
      return {};
    case 'list':
      return [];
  }
  switch (node.scalar) {
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'string':
    case 'bytes':
      return '';
    default:
      return null;
  }
}
