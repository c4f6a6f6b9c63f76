/** Command-line flags as Go's pflag reads them: `--name=value`, `--name value`, `--switch`, repeated, comma lists. */
export type FlagType =
  | 'bool'
  | 'int'
  | 'float'
  | 'string'
  /** `1h30m`, kept in milliseconds. */
  | 'duration'
  /** Commas separate; repeated flags add up. */
  | 'stringSlice'
  /** Repeated flags add up; commas are taken as they are. */
  | 'stringArray'
  /** `a=b,c=d` */
  | 'stringToString';

export interface FlagDefinition {
  name: string;
  type: FlagType;
  usage: string;
  /** What the help shows as the default. */
  initial?: string;
  /** Why the flag is refused when given; absent where it works. */
  refused?: string;
}

export interface FlagGroup {
  title: string;
  flags: readonly FlagDefinition[];
}

/** A command line that cannot be read, in pflag's words. */
export class FlagError extends Error {}

type Value = string | boolean | number | string[] | Record<string, string>;

/** The flags of one command line, by name. */
export class FlagValues {
  readonly #values = new Map<string, Value>();

  has(name: string): boolean {
    return this.#values.has(name);
  }

  string(name: string, otherwise = ''): string {
    return (this.#values.get(name) as string | undefined) ?? otherwise;
  }

  bool(name: string, otherwise = false): boolean {
    return (this.#values.get(name) as boolean | undefined) ?? otherwise;
  }

  number(name: string, otherwise: number): number {
    return (this.#values.get(name) as number | undefined) ?? otherwise;
  }

  list(name: string, otherwise: readonly string[] = []): readonly string[] {
    return (this.#values.get(name) as string[] | undefined) ?? otherwise;
  }

  map(name: string): Readonly<Record<string, string>> {
    return (this.#values.get(name) as Record<string, string> | undefined) ?? {};
  }

  set(definition: FlagDefinition, text: string): void {
    const { name, type } = definition;
    const fail = (why: string): never => {
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--${name}" flag: ${why}`);
    };
    const old = this.#values.get(name);
    switch (type) {
      case 'bool': {
        if (!/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text))
          fail(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
        this.#values.set(name, /^(1|t)/i.test(text));
        return;
      }
      case 'int':
        if (!/^[+-]?\d{1,15}$/.test(text))
          fail(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
        this.#values.set(name, Number(text));
        return;
      case 'float':
        if (text.trim() === '' || !Number.isFinite(Number(text)))
          fail(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
        this.#values.set(name, Number(text));
        return;
      case 'duration': {
        const ms = parseDuration(text);
        if (ms === undefined) fail(`time: invalid duration ${JSON.stringify(text)}`);
        this.#values.set(name, ms!);
        return;
      }
      case 'stringSlice': {
        const items = text === '' ? [] : text.split(',');
        this.#values.set(name, [...((old as string[] | undefined) ?? []), ...items]);
        return;
      }
      case 'stringArray':
        this.#values.set(name, [...((old as string[] | undefined) ?? []), text]);
        return;
      case 'stringToString': {
        const map: Record<string, string> = { ...((old as Record<string, string> | undefined) ?? {}) };
        for (const pair of text === '' ? [] : text.split(',')) {
          const equals = pair.indexOf('=');
          if (equals < 0) fail(`${pair} must be formatted as key=value`);
          map[pair.slice(0, equals)] = pair.slice(equals + 1);
        }
        this.#values.set(name, map);
        return;
      }
      default:
        this.#values.set(name, text);
    }
  }
}

/** Go's time.ParseDuration, in milliseconds; undefined where it would fail. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match) return undefined;
  const unit: Record<string, number> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
  };
  let ms = 0;
  for (const [, amount, name] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(amount) * unit[name!]!;
  return match[1] === '-' ? -ms : ms;
}

/** Reads a command line. Throws FlagError; `help` is true where help was asked for. */
export function parseFlags(
  groups: readonly FlagGroup[],
  args: readonly string[],
): { values: FlagValues; help: boolean } {
  const known = new Map(groups.flatMap((g) => g.flags.map((f) => [f.name, f] as const)));
  const values = new FlagValues();
  let help = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '-h' || arg === '--help' || arg === '--help=true') {
      help = true;
      continue;
    }
    if (arg === '-v' || /^-v=?\d+$/.test(arg)) {
      if (arg === '-v') i++;
      continue;
    }
    if (!arg.startsWith('--') || arg === '--') {
      if (arg.startsWith('-') && arg !== '-')
        throw new FlagError(`unknown shorthand flag: ${JSON.stringify(arg[1]).replace(/"/g, "'")} in ${arg}`);
      throw new FlagError(`unknown command ${JSON.stringify(arg)} for "kube-apiserver"`);
    }
    const equals = arg.indexOf('=');
    // Underscores stand for dashes, as component-base normalizes them.
    const name = arg.slice(2, equals < 0 ? undefined : equals).replaceAll('_', '-');
    const definition = known.get(name);
    if (!definition) throw new FlagError(`unknown flag: --${name}`);
    let text: string;
    if (equals >= 0) text = arg.slice(equals + 1);
    else if (definition.type === 'bool') text = 'true';
    else {
      const next = args[++i];
      if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
      text = next;
    }
    if (definition.refused)
      throw new FlagError(`--${name} is not available in this version: ${definition.refused}`);
    values.set(definition, text);
  }
  return { values, help };
}

const SHOWN: Record<FlagType, string> = {
  bool: '',
  int: ' int',
  float: ' float',
  string: ' string',
  duration: ' duration',
  stringSlice: ' strings',
  stringArray: ' stringArray',
  stringToString: ' mapStringString',
};

/** The flags with their usage, in their groups, wrapped to `width` columns. */
export function helpText(groups: readonly FlagGroup[], width: number): string {
  const lines: string[] = [];
  for (const { title, flags } of groups) {
    lines.push(`${title} flags:`, '');
    for (const flag of [...flags].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      lines.push(`      --${flag.name}${SHOWN[flag.type]}`);
      const initial = flag.initial === undefined ? '' : ` (default ${flag.initial})`;
      const refused = flag.refused ? ` Not available in this version: ${flag.refused}.` : '';
      for (const line of wrap(`${flag.usage}${refused}${initial}`, Math.max(width - 16, 40)))
        lines.push(`                ${line}`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

function wrap(text: string, width: number): string[] {
  const out: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      out.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) out.push(line);
  return out;
}
