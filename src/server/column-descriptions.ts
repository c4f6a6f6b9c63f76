import data from './data/column-descriptions.json' with { type: 'json' };

const { name, created, columns } = data as {
  name: string;
  created: string;
  columns: Record<string, Record<string, string>>;
};

/**
 * What a column says of itself: the field's own description where it shows a field of the API. `resource` as
 * `group/plural`.
 */
export function columnDescription(resource: string, column: string): string {
  const own = columns[resource]?.[column];
  if (own !== undefined) return own;
  if (column === 'Name') return name;
  return column === 'Age' || column === 'Created At' ? created : '';
}
