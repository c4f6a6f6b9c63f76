import { badRequestError, type StatusError, unknownError } from '../../meta/status.ts';
import { isMap } from '../apply/schema-node.ts';
import { goString, goType, goValue } from './go-value.ts';
import { rejectedPatchError } from './patch-result.ts';

/** Faults of a strategic merge patch, in apimachinery's words (pkg/util/mergepatch/errors.go, strategicpatch/patch.go). */

export type Json = Record<string, unknown>;
export const isObject = isMap;

/** Leaves the merge with the answer for the client. */
export class StrategicPatchFault extends Error {
  readonly status: StatusError;

  constructor(status: StatusError) {
    super(status.message);
    this.status = status;
  }
}

const plain = (message: string): StrategicPatchFault => new StrategicPatchFault(unknownError(message));
const badPatch = (message: string): StrategicPatchFault => new StrategicPatchFault(badRequestError(message));

export const badPrimitiveList = (): StrategicPatchFault => badPatch('invalid patch format of primitive list');
export const badRetainKeys = (): StrategicPatchFault => badPatch('invalid patch format of retainKeys');
export const badElementOrder = (): StrategicPatchFault =>
  badPatch('invalid patch format of setElementOrder list');
export const listOfLists = (): StrategicPatchFault => new StrategicPatchFault(rejectedPatchError());

export const noMergeKey = (item: Json, key: string): StrategicPatchFault =>
  plain(`map: ${goValue(item)} does not contain declared merge key: ${key}`);

export const badArgument = (expected: unknown, actual: unknown): StrategicPatchFault =>
  plain(`expected a ${goType(expected)}, but received a ${goType(actual)}`);

export const badDirective = (directive: unknown, patch: Json): StrategicPatchFault =>
  plain(`unknown patch type: ${goString(directive)} in map: ${goValue(patch)}`);

export const mergeDirective = (): StrategicPatchFault =>
  plain('merging lists cannot yet be specified in the patch');

export const unlikeElements = (lists: readonly unknown[]): StrategicPatchFault =>
  plain(`list element types are not identical: ${goValue(lists)}`);

export const noElements = (): StrategicPatchFault => plain('no elements in any of the given slices');

export const noListMergeKey = (type: string): StrategicPatchFault =>
  plain(`cannot merge lists without merge key for ${type}`);

export const notAMapAt = (index: number): StrategicPatchFault => plain(`value for key ${index} is not a map`);

export const orderMismatch = (patch: unknown, order: unknown): StrategicPatchFault =>
  plain(
    `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
  );

export const unknownField = (type: string, field: string): StrategicPatchFault =>
  plain(`unable to find api field in struct ${type} for the json field "${field}"`);

export const notAStruct = (kind: string): StrategicPatchFault =>
  plain(`merging an object in json but data type is not struct, instead is: ${kind}`);

export const notASlice = (kind: string): StrategicPatchFault =>
  plain(`expected slice or array type, but got: ${kind}`);
