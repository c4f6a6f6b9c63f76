import type { FlagGroup } from '../flag-set.ts';
import { flag, idle } from './definition.ts';

export const logsFlags: FlagGroup = {
  title: 'Logs',
  flags: [
    idle('log-flush-frequency', 'duration'),
    idle('log-json-info-buffer-size', 'string'),
    idle('log-json-split-stream', 'bool'),
    idle('log-text-info-buffer-size', 'string'),
    idle('log-text-split-stream', 'bool'),
    flag('logging-format', 'string', 'text or json.', '"text"'),
    idle('v', 'int'),
    idle('vmodule', 'string'),
  ],
};
