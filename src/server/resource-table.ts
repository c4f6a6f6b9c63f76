import { rfc3339 } from '../meta/clock.ts';
import type { ServedResource } from '../registry/registry.ts';
import { strategyOf } from '../registry/strategies.ts';
import { columnDescription } from './column-descriptions.ts';
import type { TableColumn, TableConvertor } from './table.ts';

const convertors = new WeakMap<ServedResource, TableConvertor>();

/** The Table of a resource: its kind's columns and cells, or name and time of creation. */
export function tableOf(served: ServedResource): TableConvertor {
  let convertor = convertors.get(served);
  if (!convertor) {
    convertor = make(served);
    convertors.set(served, convertor);
  }
  return convertor;
}

function make(served: ServedResource): TableConvertor {
  const { descriptor } = served;
  if (served.table) return served.table;
  const row = (served.store?.strategy ?? strategyOf(descriptor.group, descriptor.plural)).row;
  const key = `${descriptor.group}/${descriptor.plural}`;
  if (descriptor.columns && row) {
    const columns = descriptor.columns.map(
      ({ name, type, format, priority }): TableColumn => ({
        name,
        type,
        format,
        description: columnDescription(key, name),
        priority,
      }),
    );
    return { columns, cells: row };
  }
  return {
    columns: [
      {
        name: 'Name',
        type: 'string',
        format: 'name',
        description: columnDescription(key, 'Name'),
        priority: 0,
      },
      {
        name: 'Created At',
        type: 'date',
        format: '',
        description: columnDescription(key, 'Created At'),
        priority: 0,
      },
    ],
    nullWhenEmpty: true,
    cells: (object) => [object.metadata.name ?? '', object.metadata.creationTimestamp ?? rfc3339(0)],
  };
}
