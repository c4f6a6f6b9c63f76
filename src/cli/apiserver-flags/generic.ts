import type { FlagGroup } from '../flag-set.ts';
import { flag, idle } from './definition.ts';

export const genericFlags: FlagGroup = {
  title: 'Generic',
  flags: [
    flag(
      'advertise-address',
      'string',
      'Address that the kubernetes Service leads to. Where it is not given, the bind address.',
    ),
    idle('cloud-provider-gce-l7lb-src-cidrs', 'string'),
    flag(
      'cors-allowed-origins',
      'stringSlice',
      'Regular expressions of origins that browsers may call from.',
    ),
    flag(
      'external-hostname',
      'string',
      'Host name that clients are told, such as in the issuer discovery document.',
    ),
    idle('feature-gates', 'stringToString'),
    flag(
      'goaway-chance',
      'float',
      'Of HTTP/2 requests, the part (0 to 0.02) after which the client is to make a new connection.',
      '0',
    ),
    flag('livez-grace-period', 'duration', 'How long after the start livez passes though not all is up.'),
    flag(
      'max-mutating-requests-inflight',
      'int',
      'Writes that run at once at most; with --max-requests-inflight it bounds all requests.',
      '200',
    ),
    flag('max-requests-inflight', 'int', 'Reads that run at once at most.', '400'),
    flag(
      'min-request-timeout',
      'int',
      'Seconds that a watch without a limit of its own lasts at least.',
      '1800',
    ),
    flag('request-timeout', 'duration', 'How long a request may take that is no watch.', '1m0s'),
    flag('shutdown-delay-duration', 'duration', 'How long to go on serving after the signal to stop.', '0s'),
    idle('shutdown-send-retry-after', 'bool'),
    idle('shutdown-watch-termination-grace-period', 'duration'),
    flag(
      'strict-transport-security-directives',
      'stringSlice',
      'Directives of the HSTS header; none: no header.',
    ),
    idle('emulated-version', 'stringSlice'),
    idle('emulation-forward-compatible', 'bool'),
    idle('min-compatibility-version', 'stringSlice'),
    idle('runtime-config-emulation-forward-compatible', 'bool'),
  ],
};
