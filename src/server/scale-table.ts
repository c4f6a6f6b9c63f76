import { customTable } from '../registry/custom-resources/columns.ts';
import type { ServedResource } from '../registry/registry.ts';
import { age } from '../registry/table-cells.ts';
import { columnDescription } from './column-descriptions.ts';
import type { TableConvertor } from './table.ts';

let builtIn: TableConvertor | undefined;

/** The Table of a resource's scale: how many there should be, and how many there are. */
export function scaleTable({ discoveryVerbs, descriptor }: ServedResource): TableConvertor {
  const key = `${descriptor.group}/${descriptor.plural}`;
  const name = columnDescription(key, 'Name');
  const creationTimestamp = columnDescription(key, 'Created At');
  if (discoveryVerbs) {
    const columns = [
      {
        name: 'Desired',
        type: 'integer',
        description: 'Number of desired replicas',
        jsonPath: '.spec.replicas',
      },
      {
        name: 'Available',
        type: 'integer',
        description: 'Number of actual replicas',
        jsonPath: '.status.replicas',
      },
      { name: 'Age', type: 'date', description: creationTimestamp, jsonPath: '.metadata.creationTimestamp' },
    ];
    return customTable({ additionalPrinterColumns: columns }, { name, creationTimestamp });
  }
  const column = (title: string, type: string, description: string) => ({
    name: title,
    type,
    format: '',
    description,
    priority: 0,
  });
  builtIn ??= {
    columns: [
      column('Name', 'string', name),
      column('Desired', 'integer', 'replicas is the desired number of instances for the scaled object.'),
      column(
        'Available',
        'integer',
        'replicas is the actual number of observed instances of the scaled object.',
      ),
      column('Age', 'string', creationTimestamp),
    ],
    cells: (scale, now) => [
      scale.metadata.name ?? '',
      scale['spec']?.replicas ?? 0,
      scale['status']?.replicas ?? 0,
      age(scale, now),
    ],
  };
  return builtIn;
}
