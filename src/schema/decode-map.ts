import { type DecodedValue, decodeOwn } from './decode-value.ts';
import type { ScalarNode, TypeDefinition, TypeNode } from './type-table.ts';
import { zeroValue } from './zero-value.ts';

/**
 * Takes the result of a strategic merge patch for a type as kube-apiserver converts Go maps into structs
 * (apimachinery runtime/converter.go): its rules and its words are not those of JSON decoding. Fields are walked in the
 * type's order, the first fault ends it, and unknown fields are told sorted.
 */
export function decodeMap(value: unknown, type: TypeDefinition, strict: boolean): DecodedValue {
  const conversion = new Conversion(strict);
  try {
    const converted = conversion.struct(value, type, '') as Record<string, unknown>;
    return { ok: true, value: converted, strictErrors: conversion.unknown.sort() };
  } catch (thrown) {
    if (thrown instanceof Unfit) return { ok: false, error: thrown.message };
    throw thrown;
  }
}

class Unfit extends Error {}

const INTEGERS = { int32: 2 ** 31, int64: 2 ** 63 } as const;

class Conversion {
  readonly unknown: string[] = [];
  readonly #strict: boolean;

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  struct(value: unknown, type: TypeDefinition, path: string): unknown {
    if (kindOf(value) !== 'map') throw new Unfit(`cannot restore struct from: ${kindOf(value)}`);
    const source = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const field of type.fields) {
      const item = source[field.name];
      if (item === undefined || item === null) continue;
      result[field.name] = this.#convert(
        item,
        field.node,
        path === '' ? field.name : `${path}.${field.name}`,
      );
    }
    if (this.#strict) {
      for (const key in source) {
        if (!type.byName.has(key))
          this.unknown.push(`unknown field "${path === '' ? key : `${path}.${key}`}"`);
      }
    }
    return result;
  }

  #convert(value: unknown, node: TypeNode, path: string): unknown {
    switch (node.kind) {
      case 'struct':
        return this.struct(value, node.type, path);
      case 'list':
        if (!Array.isArray(value)) throw new Unfit(`cannot restore slice from ${kindOf(value)}`);
        return value.map((item, i) =>
          item === null ? zeroValue(node.items) : this.#convert(item, node.items, `${path}[${i}]`),
        );
      case 'map': {
        if (kindOf(value) !== 'map') throw new Unfit(`cannot restore map from ${kindOf(value)}`);
        const entries = Object.entries(value as object).map(([key, item]) => [
          key,
          // The keys of maps are no part of the path.
          item === null ? zeroValue(node.values) : this.#convert(item, node.values, path),
        ]);
        return Object.fromEntries(entries);
      }
    }
    return this.#scalar(value, node);
  }

  #scalar(value: unknown, node: ScalarNode): unknown {
    const { scalar, goType } = node;
    switch (scalar) {
      case 'string':
        if (typeof value === 'string') return value;
        throw unfit(value, Number.isInteger(value), goType, 'string');
      case 'boolean':
        if (typeof value === 'boolean') return value;
        throw unfit(value, false, goType, 'bool');
      case 'int32':
      case 'int64': {
        const limit = INTEGERS[scalar];
        if (typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit)
          return value;
        throw unfit(value, typeof value === 'number', goType, scalar);
      }
      case 'double':
        if (typeof value === 'number') return value;
        throw unfit(value, false, goType, 'float64');
      case 'bytes':
        if (Array.isArray(value) || typeof value === 'string')
          return own(value, node, 'error decoding from json: ');
        throw new Unfit(`cannot restore slice from ${kindOf(value)}`);
    }
    // Types with a decoder of their own are given JSON.
    return own(value, node, '');
  }
}

function own(value: unknown, node: ScalarNode, before: string): unknown {
  const decoded = decodeOwn(value, node);
  if (!decoded.ok) throw new Unfit(before + decoded.error);
  return decoded.value;
}

/** `convertible` where Go could turn the one into the other, were it not for JSON. */
function unfit(value: unknown, convertible: boolean, goType: string, kind: string): Unfit {
  return new Unfit(
    convertible ? `cannot convert ${kindOf(value)} to ${goType}` : `unrecognized type: ${kind}`,
  );
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return Array.isArray(value) ? 'slice' : 'map';
}
