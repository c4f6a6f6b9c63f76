/**
 * What names may be, with the words for what is wrong with one (apimachinery pkg/util/validation, pkg/api/validate/content).
 * Each function answers the faults; an empty list where there is none.
 */
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_UNDERSCORE = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`;
const DNS1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const labelRe = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelUnderscoreRe = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const dns1035Re = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const keyStartEnd = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Lengths are in bytes of UTF-8, as Go counts them. */
const tooLong = (value: string, max: number): boolean =>
  value.length > max || (value.length * 3 > max && Buffer.byteLength(value) > max);

/** Label keys and values are counted in bytes, in words too; the older rules say characters and count bytes all the same. */
const maxBytes = (max: number): string => `must be no more than ${max} bytes`;
const maxCharacters = (max: number): string => `must be no more than ${max} characters`;

/** A message with the expression that was tried and examples of what would do. */
export function regexFault(message: string, expression: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${expression}')`;
  const shown = examples.map((e) => `'${e}', `).join(' or ');
  return `${message} (e.g. ${shown}regex used for validation is '${expression}')`;
}

const isSubdomain = (value: string): boolean => value.split('.').every((part) => labelRe.test(part));

export function dns1123LabelFaults(value: string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 63)) faults.push(maxCharacters(63));
  if (!labelRe.test(value)) {
    const fully = isSubdomain(value);
    faults.push(
      fully
        ? 'must not contain dots'
        : regexFault(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            LABEL,
            'my-name',
            '123-abc',
          ),
    );
  }
  return faults;
}

export function dns1123SubdomainFaults(value: string): string[] {
  return subdomainFaults(value, maxCharacters);
}

function subdomainFaults(value: string, tooMany: (max: number) => string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 253)) faults.push(tooMany(253));
  if (!isSubdomain(value)) {
    faults.push(
      regexFault(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        SUBDOMAIN,
        'example.com',
      ),
    );
  }
  return faults;
}

export function dns1123SubdomainWithUnderscoreFaults(value: string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 253)) faults.push(maxCharacters(253));
  if (!value.split('.').every((part) => labelUnderscoreRe.test(part))) {
    faults.push(
      regexFault(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        SUBDOMAIN_UNDERSCORE,
        'example.com',
      ),
    );
  }
  return faults;
}

export function wildcardDns1123SubdomainFaults(value: string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 253)) faults.push(maxCharacters(253));
  if (!value.startsWith('*.') || !isSubdomain(value.slice(2))) {
    faults.push(
      regexFault(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        `\\*\\.${SUBDOMAIN}`,
        '*.example.com',
      ),
    );
  }
  return faults;
}

export function dns1035LabelFaults(value: string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 63)) faults.push(maxCharacters(63));
  if (!dns1035Re.test(value)) {
    faults.push(
      regexFault(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        DNS1035,
        'my-name',
        'abc-123',
      ),
    );
  }
  return faults;
}

const KEY_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** A label key: `name` or `example.com/name`. */
export function qualifiedNameFaults(value: string): string[] {
  const parts = value.split('/');
  const faults: string[] = [];
  if (parts.length > 2) {
    return [
      `a valid label key ${regexFault(KEY_RULE, KEY, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1]!;
  if (parts.length === 2) {
    if (parts[0] === '') faults.push('prefix part must be non-empty');
    else faults.push(...subdomainFaults(parts[0]!, maxBytes).map((fault) => `prefix part ${fault}`));
  }
  if (name === '') faults.push('name part must be non-empty');
  else if (tooLong(name, 63)) faults.push(`name part ${maxBytes(63)}`);
  if (!keyStartEnd.test(name))
    faults.push(`name part ${regexFault(KEY_RULE, KEY, 'MyName', 'my.name', '123-abc')}`);
  return faults;
}

export function labelValueFaults(value: string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 63)) faults.push(maxBytes(63));
  if (value !== '' && !keyStartEnd.test(value)) {
    faults.push(
      regexFault(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        `(${KEY})?`,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return faults;
}

/** A name that may be a segment of a path; `prefix` where a suffix is still to come. */
export function pathSegmentFaults(name: string, prefix = false): string[] {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  const faults: string[] = [];
  if (name.includes('/')) faults.push("may not contain '/'");
  if (name.includes('%')) faults.push("may not contain '%'");
  return faults;
}

/** A generateName may end in a dash: something follows. */
const masked = (name: string): string =>
  name.length > 1 && name.endsWith('-') ? `${name.slice(0, -1)}a` : name;

/** Name rules of kinds, for Strategy.validateName (apimachinery pkg/api/validation/generic.go). */
export const nameIsDnsSubdomain = (name: string, prefix: boolean): string[] =>
  dns1123SubdomainFaults(prefix ? masked(name) : name);
export const nameIsDnsLabel = (name: string, prefix: boolean): string[] =>
  dns1123LabelFaults(prefix ? masked(name) : name);
export const nameIsPathSegment = (name: string, prefix: boolean): string[] => pathSegmentFaults(name, prefix);

export function portNameFaults(port: string): string[] {
  const faults: string[] = [];
  if (tooLong(port, 15)) faults.push(maxCharacters(15));
  if (!/^[-a-z0-9]+$/.test(port))
    faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(port)) faults.push('must contain at least one letter (a-z)');
  if (port.includes('--')) faults.push('must not contain consecutive hyphens');
  if (port !== '' && (port.startsWith('-') || port.endsWith('-')))
    faults.push('must not begin or end with a hyphen');
  return faults;
}

export const isPortNumber = (port: number): boolean => port >= 1 && port <= 65535;

export function portNumberFaults(port: number): string[] {
  return isPortNumber(port) ? [] : ['must be between 1 and 65535, inclusive'];
}

export function httpHeaderNameFaults(value: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(value)) return [];
  return [
    regexFault(
      "a valid HTTP header must consist of alphanumeric characters or '-'",
      '[-A-Za-z0-9]+',
      'X-Header-Name',
    ),
  ];
}

function relativeFaults(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

export function configMapKeyFaults(value: string): string[] {
  const faults: string[] = [];
  if (tooLong(value, 253)) faults.push(maxCharacters(253));
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    faults.push(
      regexFault(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        '[-._a-zA-Z0-9]+',
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  return [...faults, ...relativeFaults(value)];
}

export function relaxedEnvVarNameFaults(value: string): string[] {
  const faults: string[] = [];
  if (value === '') faults.push('environment variable name must be non-empty');
  if (!/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) {
    faults.push(
      "a valid environment variable name must consist only of printable ASCII characters other than '='",
    );
  }
  return faults;
}

export function percentFaults(value: string): string[] {
  if (/^[0-9]+%$/.test(value)) return [];
  return [
    regexFault(
      "a valid percent string must be a numeric string followed by an ending '%'",
      '[0-9]+%',
      '1%',
      '93%',
    ),
  ];
}
