import type { FlagGroup } from '../flag-set.ts';
import { idle } from './definition.ts';

export const tracesFlags: FlagGroup = { title: 'Traces', flags: [idle('tracing-config-file', 'string')] };
