import type { FlagGroup } from '../flag-set.ts';
import { flag } from './definition.ts';

export const sallyportFlags: FlagGroup = {
  title: 'Sallyport',
  flags: [
    flag('data-dir', 'string', 'Folder of the embedded store. Used where --etcd-servers is not given.'),
    flag(
      'decision-records',
      'int',
      "How many requests to keep the doors' verdicts of, in memory: the last 500, and before them refused ones; 0 keeps none.",
      '2000',
    ),
    flag(
      'console',
      'bool',
      'Serves a page at /console that shows requests passing the doors, to those whose RBAC rights reach /sallyport/v1/. `sallyport console` prints a way in.',
      'false',
    ),
    flag(
      'explain',
      'string',
      'Who reads in Warning headers why a request of theirs is refused, and what would help: off; permitted, who may get /sallyport/explain; loopback, those and callers on this machine; authenticated, those and everybody who is known.',
      '"off"',
    ),
    flag(
      'cluster-signing-cert-file',
      'string',
      'PEM certificate of the CA that signs certificate requests (kube-controller-manager).',
    ),
    flag(
      'cluster-signing-key-file',
      'string',
      'PEM key of the CA that signs certificate requests (kube-controller-manager).',
    ),
    flag(
      'root-ca-file',
      'string',
      'PEM CA bundle that is put into kube-root-ca.crt and into token Secrets (kube-controller-manager).',
    ),
    flag(
      'controllers',
      'stringSlice',
      'Control loops to run: * for all, foo to add one, -foo to leave one out.',
      '*',
    ),
  ],
};
