import { StatusError } from '../meta/status.ts';

/** What answers can be written as (apiserver pkg/endpoints/handlers/negotiation). */
export type MediaType = 'application/json' | 'application/yaml' | 'application/vnd.kubernetes.protobuf';

export const MEDIA_TYPES: readonly MediaType[] = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
];

/** Another shape of the answer, asked for by `as=`. */
export interface Transform {
  as: string;
  group: string;
  version: string;
}

export interface Negotiated {
  mediaType: MediaType;
  transform?: Transform | undefined;
  pretty: boolean;
  /** `;stream=watch` was asked for. */
  stream: boolean;
}

interface Clause {
  type: string;
  subtype: string;
  q: number;
  params: Map<string, string>;
}

/** An Accept header that came before, and what it was answered with. */
interface Known {
  clauses: readonly Clause[];
  /** Whether another shape of an answer is asked for. */
  hasTransform: boolean;
  answers: Answered[];
}

interface Answered {
  available: readonly MediaType[];
  plain: readonly MediaType[];
  /** Undefined where nobody has to be asked. */
  allowed: Allowed | undefined;
  negotiated: Negotiated | undefined;
}

/** Which other shapes an endpoint has. */
export type Allowed = (transform: Transform, mediaType: MediaType) => boolean;
export const NO_TRANSFORM: Allowed = () => false;

const parsed = new Map<string, Known>();
/** Clients send few different Accept headers; a caller who sends many must not fill the memory. */
const MAX_PARSED = 500;
const MAX_ANSWERS = 8;

function known(accept: string): Known {
  const before = parsed.get(accept);
  if (before) return before;
  const clauses = parse(accept);
  const made = { clauses, hasTransform: clauses.some(asksTransform), answers: [] };
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(accept, made);
  return made;
}

const asksTransform = ({ params }: Clause): boolean => params.has('as') || params.has('g') || params.has('v');

/** An Accept header's clauses, the most wanted first (goautoneg). */
export const clauses = (accept: string): readonly Clause[] => known(accept).clauses;

function parse(accept: string): readonly Clause[] {
  const list: Clause[] = [];
  for (const part of accept.split(',')) {
    const [range = '', ...rest] = part.split(';').map((piece) => piece.trim());
    const slash = range.indexOf('/');
    let type = slash < 0 ? range : range.slice(0, slash);
    const subtype = slash < 0 ? (range === '*' ? '*' : '') : range.slice(slash + 1);
    if (type === '' || subtype === '') {
      if (range !== '*') continue;
      type = '*';
    }
    const clause: Clause = { type: type.trim(), subtype: subtype.trim(), q: 1, params: new Map() };
    for (const piece of rest) {
      const equals = piece.indexOf('=');
      if (equals < 0) continue;
      const name = piece.slice(0, equals).trim();
      const value = piece.slice(equals + 1).trim();
      if (name === 'q') clause.q = Number.isFinite(Number(value)) ? Number(value) : 1;
      else clause.params.set(name, value);
    }
    list.push(clause);
  }
  // Sorting is stable: equals keep the order they were sent in.
  list.sort((a, b) => b.q - a.q || specificity(b) - specificity(a));
  return list;
}

const specificity = (c: Clause): number => (c.type === '*' ? 0 : c.subtype === '*' ? 1 : 2);

/**
 * Chooses how to answer. `allowed` says which `as=` shapes this endpoint has; undefined where nothing fits.
 * An absent Accept is JSON. `plain`: what the endpoint's own objects can be written as, where that is less. Answers are shared
 * by requests that ask alike.
 */
export function negotiate(
  accept: string | undefined,
  available: readonly MediaType[],
  allowed: Allowed,
  plain: readonly MediaType[] = available,
): Negotiated | undefined {
  if (!accept) return { mediaType: available[0]!, transform: undefined, pretty: false, stream: false };
  const { clauses, hasTransform, answers } = known(accept);
  const asked = hasTransform ? allowed : undefined;
  for (const before of answers)
    if (before.available === available && before.plain === plain && before.allowed === asked)
      return before.negotiated;
  const negotiated = choose(clauses, available, allowed, plain);
  if (answers.length < MAX_ANSWERS) answers.push({ available, plain, allowed: asked, negotiated });
  return negotiated;
}

function choose(
  clauses: readonly Clause[],
  available: readonly MediaType[],
  allowed: Allowed,
  plain: readonly MediaType[],
): Negotiated | undefined {
  for (const clause of clauses) {
    for (const mediaType of available) {
      if (!fits(clause, mediaType)) continue;
      const { params } = clause;
      const transform = asksTransform(clause)
        ? { as: params.get('as') ?? '', group: params.get('g') ?? '', version: params.get('v') ?? '' }
        : undefined;
      if (transform ? !allowed(transform, mediaType) : !plain.includes(mediaType)) continue;
      // YAML has no streams, and there is one kind of them.
      const stream = params.get('stream') ?? '';
      if (stream !== '' && (stream !== 'watch' || mediaType === 'application/yaml')) continue;
      return {
        mediaType,
        transform,
        pretty: params.get('pretty') === '1',
        stream: stream === 'watch',
      };
    }
  }
  return undefined;
}

/**
 * Whether an answer is to be indented: where the query says so, and else for browsers and the usual command line tools
 * (negotiate.go, isPrettyPrint).
 */
export function prettyPrint(query: string | null, userAgent: string | undefined): boolean {
  if (query) return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(query);
  if (userAgent === undefined) return false;
  return userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0');
}

function fits(clause: Clause, mediaType: string): boolean {
  if (clause.type === '*' && clause.subtype === '*') return true;
  const slash = mediaType.indexOf('/');
  if (clause.type !== mediaType.slice(0, slash)) return false;
  return clause.subtype === '*' || clause.subtype === mediaType.slice(slash + 1);
}

/** Whether some clause names a media type that is served, whatever shape it asks for. */
export function fitsAny(accept: string, available: readonly string[]): boolean {
  return known(accept).clauses.some((clause) => available.some((mediaType) => fits(clause, mediaType)));
}

/** 406 where the media type is served but not in the shape asked for. */
export function notAcceptableError(available: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${available.join(', ')}`,
  });
}

/** 406 where no media type fits at all: in the words of the HTTP layer under kube-apiserver. */
export function nothingAvailableError(available: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    details: {},
    message: `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`,
  });
}

/** 415 of a body in a format nobody reads. */
export function unsupportedMediaTypeError(available: readonly string[]): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${available.join(', ')}`,
  });
}
