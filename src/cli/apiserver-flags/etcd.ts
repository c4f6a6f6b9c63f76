import type { FlagGroup } from '../flag-set.ts';
import { flag, idle } from './definition.ts';

export const etcdFlags: FlagGroup = {
  title: 'Etcd',
  flags: [
    idle('delete-collection-workers', 'int'),
    idle('enable-garbage-collector', 'bool'),
    flag('encryption-provider-config', 'string', 'File that says how resources are encrypted in the store.'),
    flag(
      'encryption-provider-config-automatic-reload',
      'bool',
      'Take changes of --encryption-provider-config up without a restart.',
      'false',
    ),
    flag('etcd-cafile', 'string', 'PEM CA bundle that etcd is verified with.'),
    flag('etcd-certfile', 'string', 'PEM client certificate for etcd.'),
    flag(
      'etcd-compaction-interval',
      'duration',
      'How often the history in etcd is compacted, by one of all servers on it; 0: never.',
      '5m0s',
    ),
    idle('etcd-count-metric-poll-period', 'duration'),
    idle('etcd-db-metric-poll-interval', 'duration'),
    flag('etcd-healthcheck-timeout', 'duration', 'How long etcd may take to be healthy.', '2s'),
    flag('etcd-keyfile', 'string', 'PEM client key for etcd.'),
    flag('etcd-prefix', 'string', 'Where in etcd everything is kept.', '"/registry"'),
    flag('etcd-readycheck-timeout', 'duration', 'How long etcd may take to be ready.', '2s'),
    flag(
      'etcd-servers',
      'stringSlice',
      'etcd servers (scheme://ip:port). Used in place of the embedded store.',
    ),
    {
      ...flag('etcd-servers-overrides', 'stringSlice', 'Other etcd servers for single resources.'),
      refused: 'one etcd cluster holds everything',
    },
    flag('event-ttl', 'duration', 'How long events are kept.', '1h0m0s'),
    flag(
      'lease-reuse-duration-seconds',
      'int',
      'For how long events may share a lease in etcd, and so live longer at the most.',
      '60',
    ),
    idle('storage-backend', 'string'),
    idle('storage-initialization-timeout', 'duration'),
    idle('storage-media-type', 'string'),
    idle('watch-cache', 'bool'),
    idle('watch-cache-sizes', 'stringSlice'),
    idle('default-watch-cache-size', 'int'),
  ],
};
