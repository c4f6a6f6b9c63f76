/** What columns say of themselves: the field's own words where a column shows a field. */
export function columnDescription(_resource: string, _column: string): string {
  return '';
}
