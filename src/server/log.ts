import { pino } from 'pino';

/** The operator's log: one line an event, on standard error. Nothing secret is ever handed to it. */
export interface Log {
  info(fields: Record<string, unknown>, text: string): void;
  warn(fields: Record<string, unknown>, text: string): void;
  error(fields: Record<string, unknown>, text: string): void;
  /** Whatever is buffered reaches the file before the process ends. */
  flush(): void;
}

/** JSON lines. */
export function jsonLog(): Log {
  const destination = pino.destination({ fd: 2, sync: true });
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
    flush: () => destination.flushSync(),
  };
}

/** Lines for people: time, level, text, fields as name="value". */
export function textLog(
  write: (line: string) => void = (line) => process.stderr.write(line),
  now: () => number = Date.now,
): Log {
  const line = (level: string, fields: Record<string, unknown>, text: string): void => {
    const shown = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === 'number' ? value : JSON.stringify(value)}`)
      .join('');
    write(`${level}${new Date(now()).toISOString().slice(11, 23)} ${text}${shown}\n`);
  };
  return {
    info: (fields, text) => line('I', fields, text),
    warn: (fields, text) => line('W', fields, text),
    error: (fields, text) => line('E', fields, text),
    flush: () => {},
  };
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {}, flush: () => {} };
