import type { Fields } from '../../../meta/object.ts';
import { containersOf } from '../../../registry/core/pod/visit.ts';
import { type Check, type Control, nameOf, plural, quoted, settersText, sorted } from '../control.ts';

const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const check =
  (allowed: readonly string[]): Check =>
  (spec) => {
    const types: string[] = [];
    let user = false;
    let role = false;
    const isBad = (options: Fields | undefined): boolean => {
      if (!options) return false;
      const type: string = options['type'] ?? '';
      const wrongType = !allowed.includes(type);
      if (wrongType) types.push(type);
      if (options['user']) user = true;
      if (options['role']) role = true;
      return wrongType || Boolean(options['user']) || Boolean(options['role']);
    };
    const pod = isBad(spec['securityContext']?.seLinuxOptions);
    const containers = containersOf(spec)
      .filter((c) => isBad(c['securityContext']?.seLinuxOptions))
      .map(nameOf);
    if (!pod && containers.length === 0) return undefined;
    const found = sorted(types);
    const what = [
      ...(found.length ? [`${plural('type', 'types', found.length)} ${quoted(found)}`] : []),
      ...(user ? ['user may not be set'] : []),
      ...(role ? ['role may not be set'] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${settersText(pod, containers)} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    };
  };

export const seLinuxOptions: Control = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { since: 0, check: check(TYPES) },
    { since: 31, check: check([...TYPES, 'container_engine_t']) },
  ],
};
