import { parseTime } from '../../meta/go-time.ts';
import { humanAge } from '../../meta/human-age.ts';
import type { Fields, KubeObject } from '../../meta/object.ts';
import type { ResourceTable, TableColumn } from '../registry.ts';
import type { Cell } from '../strategy.ts';
import { JsonPath, pathText } from './json-path.ts';

/** How an API document describes what the columns that every custom resource may have show. */
export interface ColumnDescriptions {
  name: string;
  creationTimestamp: string;
}

/** The Table of a version of a custom resource: its name, and the columns of its definition, or its age (tableconvertor.go). */
export function customTable(version: Fields, descriptions: ColumnDescriptions): ResourceTable {
  const asked: Fields[] = version['additionalPrinterColumns'] ?? [];
  const wanted = asked.length
    ? asked
    : [
        {
          name: 'Age',
          type: 'date',
          jsonPath: '.metadata.creationTimestamp',
          description: descriptions.creationTimestamp,
        },
      ];
  const columns: TableColumn[] = [
    { name: 'Name', type: 'string', format: 'name', description: descriptions.name, priority: 0 },
  ];
  const paths: { path: JsonPath; type: string }[] = [];
  for (const {
    name = '',
    type = '',
    format = '',
    description,
    priority = 0,
    jsonPath = '',
  } of wanted as Fields[]) {
    const path = JsonPath.parse(jsonPath);
    // Those behind one that cannot be read are not shown either.
    if (!path) break;
    paths.push({ path, type });
    columns.push({
      name,
      type,
      format,
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority,
    });
  }
  return {
    columns,
    cells: (object, now) => [
      object.metadata.name ?? '',
      ...paths.map(({ path, type }) => cell(path, type, object, now)),
    ],
  };
}

function cell(path: JsonPath, type: string, object: KubeObject, now: number): Cell {
  const found = path.find(object);
  if (!found?.length) return null;
  const value = found[0];
  if (type === 'string') return pathText(value);
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null;
    default:
      return null;
  }
}

function ageOf(text: string, now: number): string {
  if (text === '' || text === 'null') return '<unknown>';
  const time = parseTime(text);
  return typeof time === 'string' ? '<invalid>' : humanAge(now - time.seconds * 1000);
}
