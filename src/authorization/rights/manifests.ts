import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { aggregatedRules } from '../../controllers/cluster-role-aggregation.ts';
import { deepEqual } from '../../meta/deep-equal.ts';
import type { KubeObject } from '../../meta/object.ts';
import { bootstrapObjects } from '../rbac/bootstrap.ts';
import { RBAC_GROUP } from '../rbac/rule.ts';
import { RBAC_KINDS, type RbacSource, staticSource } from '../rbac/source.ts';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const MAX_DEPTH = 32;
const MAX_ROUNDS = 16;

/**
 * RBAC objects out of manifests: a file, or a folder with all below it. Lists are taken apart; other kinds are left
 * alone. Throws an Error naming the file that cannot be read.
 */
export function readManifests(path: string): KubeObject[] {
  return files(path, 0).flatMap((file) => parseManifests(readFileSync(file, 'utf8'), file));
}

/** Objects of any kind out of manifests, lists taken apart, as they are written. Throws an Error naming the file. */
export function readObjects(path: string): KubeObject[] {
  return files(path, 0).flatMap((file) => documents(readFileSync(file, 'utf8'), file).flatMap(itemsOf));
}

function files(path: string, depth: number): string[] {
  if (!statSync(path).isDirectory()) return [path];
  if (depth > MAX_DEPTH) throw new Error(`${path}: folders are nested too deeply`);
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || EXTENSIONS.has(extname(entry.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => files(join(path, entry.name), depth + 1));
}

/** The same of a text; `file` is for messages. */
export function parseManifests(text: string, file: string): KubeObject[] {
  return documents(text, file).flatMap(objectsOf);
}

function documents(text: string, file: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    const fault = document.errors[0];
    if (fault) throw new Error(`${file}: ${fault.message.split('\n')[0]}`);
    return document.toJS();
  });
}

function itemsOf(value: unknown): KubeObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const object = value as KubeObject;
  if (Array.isArray(object['items'])) return object['items'].flatMap(itemsOf);
  return typeof object.kind === 'string' && object.metadata?.name ? [object] : [];
}

function objectsOf(value: unknown): KubeObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const object = value as KubeObject;
  if (Array.isArray(object['items'])) return object['items'].flatMap(objectsOf);
  const isRbac =
    object.apiVersion?.startsWith(`${RBAC_GROUP}/`) && RBAC_KINDS[object.kind ?? ''] !== undefined;
  if (!isRbac || !object.metadata?.name) return [];
  const isLocal = object.kind === 'Role' || object.kind === 'RoleBinding';
  const { namespace, ...metadata } = object.metadata;
  // kubectl puts what names no namespace into the context's, which is `default` as a rule.
  return [{ ...object, metadata: isLocal ? { ...metadata, namespace: namespace || 'default' } : metadata }];
}

/** A policy out of manifests, as a cluster would have it: with the default roles and bindings unless told otherwise, and aggregated. */
export function manifestSource(
  objects: readonly KubeObject[],
  options: { defaults?: boolean } = {},
): RbacSource {
  const { defaults = true } = options;
  const base = defaults ? Object.values(RBAC_KINDS).flatMap(bootstrapObjects) : [];
  const source = staticSource([...base, ...objects]);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let changed = false;
    const roles = source.clusterroles.list();
    for (const role of roles) {
      if (!role['aggregationRule']) continue;
      const rules = aggregatedRules(role, roles);
      if (rules.length === 0 || deepEqual(rules, role['rules'])) continue;
      source.clusterroles.set({ ...role, rules });
      changed = true;
    }
    if (!changed) break;
  }
  return source;
}
