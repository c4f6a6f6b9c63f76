import type { AuthenticationOutcome, AuthenticationRequest } from '../authentication/authenticator.ts';
import { methodNotAllowedError } from '../meta/status.ts';
import type { UserInfo } from '../meta/user.ts';
import type { ExtraPath } from '../server/api.ts';
import type { Exchange } from '../server/exchange.ts';
import { KUBERNETES_VERSION } from '../server/version.ts';
import { answerJson } from './answer-json.ts';
import { ConsoleAssets, consoleFolder } from './assets.ts';
import { type CertificateSource, certificatesPath } from './certificates-path.ts';
import { linkPath, sessionPaths } from './session-paths.ts';
import { ConsoleSessions, type ConsoleSessionsParts } from './sessions.ts';
import { type WhoCanParts, whoCanPath } from './who-can-path.ts';

/** What the page shows of the doors before any request has passed them. */
export interface DoorsFacts {
  authorizers: readonly string[];
  admission: readonly string[];
  audit: boolean;
  store: string;
  decisionRecords: number;
}

export interface ConsoleParts extends WhoCanParts, Pick<ConsoleSessionsParts, 'clock' | 'judge'> {
  certificates: readonly CertificateSource[];
  doors(): DoorsFacts;
  /** Where the page's files are; beside the bundle unless told. */
  folder?: string;
}

/** The page at /console, the paths it asks, and the ways into it. */
export interface Console {
  /** True where the request was for the page, and is answered. */
  serve(exchange: Exchange): boolean;
  /** Who asks, where a link or a session says so; undefined: the authenticators are to say. */
  authenticate(request: AuthenticationRequest): AuthenticationOutcome | undefined;
  paths: readonly ExtraPath[];
  /** Path and fragment that let a user in once. */
  link(user: UserInfo): string;
  /** What these authenticators judge by has changed. */
  trustChanged(authenticators: readonly string[]): void;
}

const ROOT = '/sallyport/v1/console';

/** Throws where the page has not been built. */
export function createConsole(parts: ConsoleParts): Console {
  const assets = new ConsoleAssets(parts.folder ?? consoleFolder());
  const sessions = new ConsoleSessions(parts);
  return {
    serve(exchange) {
      if (!assets.has(exchange.path)) return false;
      assets.serve(exchange);
      return true;
    },
    authenticate: (request) => sessions.authenticate(request),
    paths: [
      sessionPaths(sessions),
      certificatesPath(parts.certificates),
      whoCanPath(parts),
      doorsPath(parts),
    ],
    link: (user) => linkPath(sessions.makeLink(user, { by: '', issuedAt: parts.clock.now() }).secret),
    trustChanged: (authenticators) => sessions.trustChanged(authenticators),
  };
}

/** `GET /sallyport/v1/console` answers what stands behind each door of this server. */
function doorsPath({ doors }: ConsoleParts): ExtraPath {
  return (request) => {
    if (request.info.path !== ROOT) return false;
    if (request.exchange.method !== 'GET') throw methodNotAllowedError();
    answerJson(request, 200, { version: KUBERNETES_VERSION, ...doors() });
    return true;
  };
}
