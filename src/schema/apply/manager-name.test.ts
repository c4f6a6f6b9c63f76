import { describe, expect, it } from 'vitest';
import { managedFieldsFault } from './managed.ts';
import { managerName } from './manager-name.ts';

describe('the name of a manager', () => {
  it('is the field manager, else the head of the user agent', () => {
    expect(managerName('me', 'curl/8')).toBe('me');
    expect(managerName('', 'my-tool/v3 (linux)')).toBe('my-tool');
    expect(managerName('', 'plain')).toBe('plain');
    expect(managerName('', '')).toBe('');
    expect(managerName('', 'a\tbé\u0007/x')).toBe('abé');
    expect(managerName('', `${'é'.repeat(100)}/x`)).toBe('é'.repeat(64));
  });
});

describe('the fault of managedFields', () => {
  it('is told in the words of the warning', () => {
    const good = {
      manager: 'm',
      operation: 'Update' as const,
      apiVersion: 'v1',
      fieldsType: 'FieldsV1' as const,
    };
    expect(managedFieldsFault(undefined)).toBeUndefined();
    expect(managedFieldsFault([good])).toBeUndefined();
    expect(managedFieldsFault([{ ...good, operation: 'X' as 'Apply' }])).toBe(
      'operation must be `Apply` or `Update`',
    );
    expect(managedFieldsFault([{ ...good, apiVersion: '' }])).toBe('apiVersion must not be empty');
    const { fieldsType: _, ...untyped } = good;
    expect(managedFieldsFault([good, untyped])).toBe('missing fieldsType in managed fields entry 1');
    expect(managedFieldsFault([{ ...good, fieldsType: 'V2' as 'FieldsV1' }])).toBe(
      'invalid fieldsType "V2" in managed fields entry 0',
    );
  });
});
