import type { FlagGroup } from '../flag-set.ts';
import { flag, idle } from './definition.ts';

export const miscFlags: FlagGroup = {
  title: 'Misc',
  flags: [
    flag('allow-privileged', 'bool', 'Let pods have privileged containers.', 'false'),
    idle('apiserver-count', 'int'),
    idle('enable-aggregator-routing', 'bool'),
    idle('aggregator-reject-forwarding-redirect', 'bool'),
    idle('enable-logs-handler', 'bool'),
    idle('endpoint-reconciler-type', 'string'),
    idle('kubelet-certificate-authority', 'string'),
    idle('kubelet-client-certificate', 'string'),
    idle('kubelet-client-key', 'string'),
    idle('kubelet-port', 'int'),
    idle('kubelet-preferred-address-types', 'stringSlice'),
    idle('kubelet-read-only-port', 'int'),
    idle('kubelet-timeout', 'duration'),
    idle('kubernetes-service-node-port', 'int'),
    idle('max-connection-bytes-per-sec', 'int'),
    idle('peer-advertise-ip', 'string'),
    idle('peer-advertise-port', 'string'),
    idle('peer-ca-file', 'string'),
    flag(
      'proxy-client-cert-file',
      'string',
      'PEM client certificate for aggregated API servers and webhooks.',
    ),
    flag('proxy-client-key-file', 'string', 'PEM key of --proxy-client-cert-file.'),
    flag(
      'service-cluster-ip-range',
      'string',
      'CIDR, or two, that Services get their addresses from.',
      '10.0.0.0/24',
    ),
    flag('service-node-port-range', 'string', 'Ports that NodePort Services get.', '30000-32767'),
  ],
};
