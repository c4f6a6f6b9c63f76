import { describe, expect, it } from 'vitest';
import { enabledPlugins, PLUGIN_NAMES } from './plugin-names.ts';

describe('--enable-admission-plugins and --disable-admission-plugins', () => {
  it('add to and take from the default set, in an order of their own', () => {
    const unasked = enabledPlugins([], []);
    expect(unasked).not.toContain('NodeRestriction');
    expect(unasked[0]).toBe('NamespaceLifecycle');
    expect(unasked.at(-1)).toBe('ResourceQuota');
    const asked = enabledPlugins(['AlwaysDeny', 'NodeRestriction', 'AlwaysAdmit'], ['ServiceAccount']);
    expect(asked).toEqual(PLUGIN_NAMES.filter((name) => asked.includes(name)));
    expect(new Set(asked)).toEqual(
      new Set([
        ...unasked.filter((name) => name !== 'ServiceAccount'),
        'AlwaysDeny',
        'NodeRestriction',
        'AlwaysAdmit',
      ]),
    );
  });

  it('refuse names that nobody has, and those given to both', () => {
    expect(() => enabledPlugins(['Foo'], [])).toThrow(/^enable-admission-plugins plugin "Foo" is unknown$/);
    expect(() => enabledPlugins([], ['toString'])).toThrow(
      'disable-admission-plugins plugin "toString" is unknown',
    );
    expect(() => enabledPlugins(['PodSecurity', 'Priority', 'X'], ['Priority', 'PodSecurity'])).toThrow(
      '[enable-admission-plugins plugin "X" is unknown, [PodSecurity Priority] in enable-admission-plugins and disable-admission-plugins overlapped]',
    );
  });
});
