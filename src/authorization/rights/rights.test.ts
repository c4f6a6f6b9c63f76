import { describe, expect, it } from 'vitest';
import { diffRights } from './diff.ts';
import { manifestSource, parseManifests } from './manifests.ts';
import { rightsOf } from './rights-of.ts';
import { subjectText } from './types.ts';
import { whoCan } from './who-can.ts';

const BASE = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: a}
rules:
- {verbs: [get, list], apiGroups: [""], resources: [pods]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reads, namespace: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: User, name: jane}
- {kind: ServiceAccount, name: robot}
---
apiVersion: v1
kind: List
items:
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: eyes}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
  subjects: [{kind: Group, name: ops}]
- {apiVersion: v1, kind: ConfigMap, metadata: {name: ignored}}
`;
const source = (text: string, defaults = true) => manifestSource(parseManifests(text, 'test'), { defaults });
const pods = (verb: string, namespace: string) => ({
  verb,
  group: '',
  resource: 'pods',
  subresource: '',
  name: '',
  namespace,
});

describe('whoCan', () => {
  const who = (verb: string, namespace: string) =>
    whoCan(source(BASE), pods(verb, namespace)).map(
      (row) => `${subjectText(row.subject)} by ${row.binding.name}`,
    );

  it('names everybody with the binding that does it, through aggregated roles too', () => {
    expect(who('get', 'a')).toEqual(
      expect.arrayContaining([
        'Group ops by eyes',
        'User jane by reads',
        'ServiceAccount a/robot by reads',
        'Group system:masters by cluster-admin',
      ]),
    );
    expect(who('get', 'b')).not.toContain('User jane by reads');
    expect(who('get', '*')).toContain('User jane by reads');
    expect(who('get', '')).not.toContain('User jane by reads');
  });

  it('looks at paths', () => {
    const rows = whoCan(source(BASE), { verb: 'get', path: '/metrics' });
    expect(rows.map((row) => row.role.name)).toContain('system:monitoring');
  });
});

describe('rightsOf', () => {
  it('lists rules with their bindings, and bindings without a role', () => {
    const text = `${BASE.replace('name: reader}\nsubjects', 'name: gone}\nsubjects')}`;
    const { rows, dangling } = rightsOf(source(text, false), { name: 'jane', groups: ['ops'] });
    expect(rows).toEqual([]);
    expect(dangling.map((d) => d.binding.name)).toEqual(['eyes', 'reads']);
    expect(rightsOf(source(BASE, false), { name: 'jane', groups: [] }).rows).toMatchObject([
      { namespace: 'a', binding: { name: 'reads' } },
    ]);
  });
});

describe('diffRights', () => {
  it('sees no change where rules are only written otherwise', () => {
    const other = BASE.replace(
      '- {verbs: [get, list], apiGroups: [""], resources: [pods]}',
      '- {verbs: [get], apiGroups: [""], resources: [pods]}\n- {verbs: [list], apiGroups: [""], resources: [pods]}',
    );
    expect(other).not.toBe(BASE);
    expect(diffRights(source(BASE), source(other))).toEqual([]);
  });

  it('says who gains and loses what, and who can rise by it', () => {
    const other = BASE.replace(
      '{verbs: [get, list], apiGroups: [""], resources: [pods]}',
      '{verbs: [get, create], apiGroups: [""], resources: [pods, pods/exec]}',
    );
    const changes = diffRights(source(BASE), source(other)).filter(({ subject }) => subject.name === 'jane');
    expect(changes).toEqual([
      expect.objectContaining({
        change: 'gained',
        namespace: 'a',
        rules: [
          { apiGroups: [''], resources: ['pods'], verbs: ['create'] },
          { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
        ],
        escalations: [expect.objectContaining({ code: 'PODS' }), expect.objectContaining({ code: 'EXEC' })],
      }),
      expect.objectContaining({
        change: 'lost',
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
        escalations: [],
      }),
    ]);
  });

  it('counts a right that holds everywhere as held in each namespace', () => {
    const wide = BASE.replace(
      /subjects: \[\{kind: Group, name: ops\}\]/,
      'subjects: [{kind: Group, name: ops}, {kind: User, name: jane}]',
    );
    const gained = diffRights(source(wide), source(BASE)).filter(
      ({ change, subject }) => change === 'gained' && subject.name === 'jane',
    );
    expect(gained).toEqual([]);
  });
});
