import { type FieldError, invalid } from '../../meta/field-error.ts';

/** Whether the time zone database has a zone of this name. Node's own copy of it is asked. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC' || name === 'Local') return true;
  // An offset is no zone of the database, though Intl reads it as one.
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** spec.timeZone of a CronJob (validateTimeZone in pkg/apis/batch/validation/validation.go). */
export function timeZoneErrors(name: string, path: string): FieldError[] {
  if (name === '') return [invalid(path, name, 'timeZone must be nil or non-empty string')];
  const unknown = `unknown time zone ${name}`;
  const fits = name
    .split('/')
    .every(
      (part) =>
        part !== '.' && part !== '..' && !part.startsWith('-') && /^[A-Za-z.\-_0-9+]{1,14}$/.test(part),
    );
  if (!fits) return [invalid(path, name, unknown)];
  const errors: FieldError[] = [];
  if (name.toLowerCase() === 'local')
    errors.push(
      invalid(
        path,
        name,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    );
  if (!isTimeZone(name)) errors.push(invalid(path, name, unknown));
  return errors;
}
