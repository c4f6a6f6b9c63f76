import type { Field, TypeDefinition } from '../type-table.ts';

/** How a type lies in protobuf: its fields by number, those of embedded Go structs in messages of their own. */
export interface MessagePlan {
  /** By field number, ascending: the order in which gogo writes. */
  entries: readonly PlanEntry[];
  byNumber: ReadonlyMap<number, PlanEntry>;
}

export type PlanEntry =
  | { number: number; field: Field; embedded: undefined }
  /** An embedded struct: a message on the wire, part of its parent in JSON. */
  | { number: number; field: undefined; embedded: MessagePlan };

const plans = new WeakMap<TypeDefinition, MessagePlan>();

export function planOf(type: TypeDefinition): MessagePlan {
  let plan = plans.get(type);
  if (!plan) {
    plan = build(
      type.fields.filter((field) => field.pb > 0),
      0,
    );
    plans.set(type, plan);
  }
  return plan;
}

function build(fields: readonly Field[], depth: number): MessagePlan {
  const entries: PlanEntry[] = [];
  const embedded = new Map<number, Field[]>();
  for (const field of fields) {
    const way = field.pbWay[depth];
    if (way === undefined) entries.push({ number: field.pb, field, embedded: undefined });
    else embedded.set(way, [...(embedded.get(way) ?? []), field]);
  }
  for (const [number, inner] of embedded)
    entries.push({ number, field: undefined, embedded: build(inner, depth + 1) });
  entries.sort((a, b) => a.number - b.number);
  return { entries, byNumber: new Map(entries.map((entry) => [entry.number, entry])) };
}
