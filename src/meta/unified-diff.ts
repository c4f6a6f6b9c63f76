/** What two JSON values differ in, as kube-apiserver shows it in messages (apimachinery pkg/util/diff over go-difflib). */

const CONTEXT = 3;

interface Operation {
  same: boolean;
  aFrom: number;
  aTo: number;
  bFrom: number;
  bTo: number;
}

/** A unified diff of the two values as indented JSON, three lines of context; empty where they are the same. */
export function unifiedDiff(before: unknown, now: unknown): string {
  const a = lines(before);
  const b = lines(now);
  let out = '';
  for (const group of groups(operations(a, b))) {
    const first = group[0]!;
    const last = group.at(-1)!;
    if (out === '') out = '--- \n+++ \n';
    out += `@@ -${range(first.aFrom, last.aTo)} +${range(first.bFrom, last.bTo)} @@\n`;
    for (const op of group) {
      if (op.same) for (const line of a.slice(op.aFrom, op.aTo)) out += ` ${line}\n`;
      else {
        for (const line of a.slice(op.aFrom, op.aTo)) out += `-${line}\n`;
        for (const line of b.slice(op.bFrom, op.bTo)) out += `+${line}\n`;
      }
    }
  }
  return out;
}

const lines = (value: unknown): string[] =>
  (JSON.stringify(value ?? null, undefined, 1) ?? 'null').split('\n');

function range(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}

/** The longest run that both have, earliest first, then the same on either side of it: difflib's matching. */
function matches(a: readonly string[], b: readonly string[]): [number, number, number][] {
  const places = new Map<string, number[]>();
  b.forEach((line, j) => {
    const list = places.get(line);
    if (list) list.push(j);
    else places.set(line, [j]);
  });
  const found: [number, number, number][] = [];
  const queue: [number, number, number, number][] = [[0, a.length, 0, b.length]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [aFrom, aTo, bFrom, bTo] = next;
    let best: [number, number, number] = [aFrom, bFrom, 0];
    let lengths = new Map<number, number>();
    for (let i = aFrom; i < aTo; i++) {
      const row = new Map<number, number>();
      for (const j of places.get(a[i]!) ?? []) {
        if (j < bFrom) continue;
        if (j >= bTo) break;
        const length = (lengths.get(j - 1) ?? 0) + 1;
        row.set(j, length);
        if (length > best[2]) best = [i - length + 1, j - length + 1, length];
      }
      lengths = row;
    }
    const [i, j, length] = best;
    if (length === 0) continue;
    found.push(best);
    if (aFrom < i && bFrom < j) queue.push([aFrom, i, bFrom, j]);
    if (i + length < aTo && j + length < bTo) queue.push([i + length, aTo, j + length, bTo]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}

function operations(a: readonly string[], b: readonly string[]): Operation[] {
  const out: Operation[] = [];
  let i = 0;
  let j = 0;
  for (const [ai, bj, length] of [...matches(a, b), [a.length, b.length, 0] as const]) {
    if (i < ai || j < bj) out.push({ same: false, aFrom: i, aTo: ai, bFrom: j, bTo: bj });
    i = ai + length;
    j = bj + length;
    const last = out.at(-1);
    if (last?.same && last.aTo === ai && last.bTo === bj) {
      last.aTo = i;
      last.bTo = j;
    } else if (length) out.push({ same: true, aFrom: ai, aTo: i, bFrom: bj, bTo: j });
  }
  return out;
}

/** Operations with their context, cut where a run of the same is longer than two contexts. */
function groups(all: Operation[]): Operation[][] {
  if (!all.some((op) => !op.same)) return [];
  const ops = all.map((op) => ({ ...op }));
  const first = ops[0]!;
  if (first.same) {
    first.aFrom = Math.max(first.aFrom, first.aTo - CONTEXT);
    first.bFrom = Math.max(first.bFrom, first.bTo - CONTEXT);
  }
  const last = ops.at(-1)!;
  if (last.same) {
    last.aTo = Math.min(last.aTo, last.aFrom + CONTEXT);
    last.bTo = Math.min(last.bTo, last.bFrom + CONTEXT);
  }
  const out: Operation[][] = [];
  let group: Operation[] = [];
  for (const op of ops) {
    if (op.same && op.aTo - op.aFrom > 2 * CONTEXT) {
      group.push({ ...op, aTo: op.aFrom + CONTEXT, bTo: op.bFrom + CONTEXT });
      out.push(group);
      group = [{ ...op, aFrom: op.aTo - CONTEXT, bFrom: op.bTo - CONTEXT }];
    } else group.push(op);
  }
  if (group.length && !(group.length === 1 && group[0]!.same)) out.push(group);
  return out;
}
