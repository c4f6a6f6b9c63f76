import { quote } from '../../../meta/go-quote.ts';
import type { Fields } from '../../../meta/object.ts';
import { add } from './faults.ts';

interface Place {
  path: string;
  source: string;
}

/** Files of one volume that would lie on, or in, one another (warningsForOverlappingVirtualPaths in pkg/api/pod/warnings.go). */
export function overlappingPathsWarnings(volumes: readonly Fields[]): string[] {
  const warnings: string[] = [];
  for (const volume of volumes) {
    const name = quote(volume['name'] ?? '');
    const within = (items: Fields[] | undefined, what: string) => {
      for (const overlap of overlaps(places(items, '')))
        warnings.push(`volume ${name} (${what}): overlapping paths: ${overlap}`);
    };
    if (volume['configMap']?.items)
      within(volume['configMap'].items, `ConfigMap ${quote(volume['configMap'].name ?? '')}`);
    if (volume['secret']?.items)
      within(volume['secret'].items, `Secret ${quote(volume['secret'].secretName ?? '')}`);
    if (volume['downwardAPI']?.items) within(volume['downwardAPI'].items, 'DownwardAPI');
    if (!volume['projected']) continue;
    const all: Place[] = [];
    for (const source of volume['projected'].sources ?? []) {
      if (Object.keys(source).length === 0)
        warnings.push(`volume ${name} (Projected) has no sources provided`);
      else add(all, projected(source));
    }
    for (const overlap of overlaps(all))
      warnings.push(`volume ${name} (Projected): overlapping paths: ${overlap}`);
  }
  return warnings;
}

const places = (items: Fields[] | undefined, source: string): Place[] =>
  (items ?? []).map((item) => ({ path: item['path'] ?? '', source }));

function projected(source: Fields): Place[] {
  if (source['configMap']?.items)
    return places(source['configMap'].items, `ConfigMap ${quote(source['configMap'].name ?? '')}`);
  if (source['secret']?.items)
    return places(source['secret'].items, `Secret ${quote(source['secret'].name ?? '')}`);
  if (source['downwardAPI']?.items) return places(source['downwardAPI'].items, 'DownwardAPI');
  if (source['serviceAccountToken'])
    return [{ path: source['serviceAccountToken'].path ?? '', source: 'ServiceAccountToken' }];
  return [];
}

const shown = (place: Place): string =>
  place.source ? `${quote(place.path)} (${place.source})` : quote(place.path);

/** Each file is compared with all before it: so many files are looked at, no more. */
const MOST_FILES = 2000;

function overlaps(all: readonly Place[]): string[] {
  const found: string[] = [];
  const before: Place[] = [];
  for (const place of all.slice(0, MOST_FILES)) {
    let end = place.path.length;
    while (end > 0 && place.path[end - 1] === '/') end--;
    const here = { path: place.path.slice(0, end), source: place.source };
    if (here.path !== '') {
      for (const other of before) {
        if (other.path === '') continue;
        if (`${other.path}/`.startsWith(`${here.path}/`) || `${here.path}/`.startsWith(`${other.path}/`))
          found.push(`${shown(here)} with ${shown(other)}`);
      }
    }
    before.push(here);
  }
  return found;
}
