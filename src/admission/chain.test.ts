import { describe, expect, it } from 'vitest';
import type { AdmissionVerdict } from '../explain/verdict.ts';
import type { AdmissionRequest } from '../registry/admission-hook.ts';
import { AdmissionChain } from './chain.ts';
import { ACCEPTED, type AdmissionPlugin, type PluginVerdict } from './plugin.ts';
import { changed, forbid } from './refusal.ts';

const request = (over: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  operation: 'CREATE',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  subresource: '',
  namespace: 'ns',
  name: 'p',
  object: { metadata: { name: 'p' } },
  options: {},
  dryRun: false,
  ...over,
});

function plugin(name: string, log: string[], over: Partial<AdmissionPlugin> = {}): AdmissionPlugin {
  return {
    name,
    handles: () => true,
    admit() {
      log.push(`${name} admit`);
      return ACCEPTED;
    },
    validate() {
      log.push(`${name} validate`);
      return ACCEPTED;
    },
    ...over,
  };
}

function run(plugins: AdmissionPlugin[]) {
  const notes: AdmissionVerdict[] = [];
  const chain = new AdmissionChain(plugins);
  const hook = chain.hook({
    user: { name: 'jane', groups: [] },
    now: 0,
    warn: () => {},
    annotate: () => {},
    note: (verdict) => notes.push(verdict),
  });
  return { hook, notes, chain };
}

describe('the admission chain', () => {
  it('asks in order, each phase for itself, at once where nobody waits', () => {
    const log: string[] = [];
    const { hook, chain } = run([plugin('a', log), plugin('b', log)]);
    expect(hook.mutate(request())).toBeUndefined();
    expect(hook.validate(request())).toBeUndefined();
    expect(log).toEqual(['a admit', 'b admit', 'a validate', 'b validate']);
    expect(chain.names).toEqual(['a', 'b']);
  });

  it('asks nobody about resources and operations that are not theirs', () => {
    const log: string[] = [];
    const { hook } = run([
      plugin('nodes', log, { resources: ['nodes'] }),
      plugin('deployments', log, { resources: ['deployments.apps'] }),
      plugin('updates', log, { handles: (operation) => operation === 'UPDATE' }),
      plugin('pods', log, { resources: ['pods'] }),
    ]);
    hook.mutate(request());
    hook.mutate(request({ resource: { group: 'apps', version: 'v1', resource: 'deployments' } }));
    hook.mutate(request({ operation: 'UPDATE', resource: { group: 'x', version: 'v1', resource: 'pods' } }));
    expect(log).toEqual(['pods admit', 'deployments admit', 'updates admit']);
  });

  it('asks of a delete both phases', () => {
    const log: string[] = [];
    const { hook } = run([plugin('a', log), plugin('b', log)]);
    hook.validate(request({ operation: 'DELETE' }));
    expect(log).toEqual(['a admit', 'b admit', 'a validate', 'b validate']);
  });

  it('waits for those who answer later, and ends with the first refusal', async () => {
    const log: string[] = [];
    const later = plugin('later', log, {
      async admit(): Promise<PluginVerdict> {
        await Promise.resolve();
        log.push('later admit');
        return changed('CHANGED', { what: 1 });
      },
    });
    const strict = plugin('strict', log, { admit: (attributes) => forbid(attributes, 'ALWAYS_DENIED') });
    const { hook, notes } = run([later, strict, plugin('last', log)]);
    await expect(hook.mutate(request())).rejects.toMatchObject({
      status: {
        code: 403,
        message: 'pods "p" is forbidden: admission control is denying all modifications',
        details: { name: 'p', kind: 'pods' },
      },
    });
    expect(log).toEqual(['later admit']);
    expect(notes).toEqual([
      { by: 'later', phase: 'mutate', outcome: 'changed', code: 'CHANGED', facts: { what: 1 } },
      { by: 'strict', phase: 'mutate', outcome: 'denied', code: 'ALWAYS_DENIED', facts: {} },
    ]);
  });

  it('runs the mutating phase once more where a plugin asks for that, and no more than once', () => {
    const seen: boolean[] = [];
    const { hook } = run([
      {
        name: 'again',
        handles: () => true,
        admit({ reinvocation }) {
          seen.push(reinvocation!.again);
          reinvocation!.wanted = true;
          return ACCEPTED;
        },
      },
    ]);
    hook.mutate(request());
    expect(seen).toEqual([false, true]);
  });

  it('names what has no name yet by what it will be made from', () => {
    const { hook } = run([
      plugin('strict', [], { admit: (attributes) => forbid(attributes, 'ALWAYS_DENIED') }),
    ]);
    expect(() => hook.mutate(request({ name: '', object: { metadata: { generateName: 'web-' } } }))).toThrow(
      'pods "web-" is forbidden',
    );
    expect(() => hook.mutate(request({ name: '', object: { metadata: {} } }))).toThrow(
      'pods "Unknown" is forbidden',
    );
  });
});
