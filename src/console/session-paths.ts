import { credentialOf } from '../explain/credential.ts';
import { rfc3339 } from '../meta/clock.ts';
import { badRequestError, methodNotAllowedError } from '../meta/status.ts';
import type { ExtraPath } from '../server/api.ts';
import { answerJson } from './answer-json.ts';
import { type ConsoleSessions, SESSIONS_PATH } from './sessions.ts';

export const LINKS_PATH = '/sallyport/v1/console/links';

/**
 * How one comes to see the console, under RBAC like everything else:
 *
 * - `POST /sallyport/v1/console/links` answers `{"path", "expires"}`: a way in as the caller, good once and for ten minutes
 * - `POST /sallyport/v1/console/sessions`, with a link's secret as bearer token, answers `{"token", "expires"}`
 * - `DELETE /sallyport/v1/console/sessions` ends the session that asks
 */
export function sessionPaths(sessions: ConsoleSessions): ExtraPath {
  return (request) => {
    const { path } = request.info;
    const { method } = request.exchange;
    if (path === LINKS_PATH) {
      if (method !== 'POST') throw methodNotAllowedError();
      const link = sessions.makeLink(request.user, credentialOf(request.record.record()) ?? { by: '' });
      answerJson(request, 201, { path: linkPath(link.secret), expires: rfc3339(link.expires) });
      return true;
    }
    if (path !== SESSIONS_PATH) return false;
    if (method === 'DELETE') {
      answerJson(request, 200, { ended: sessions.end(request.exchange.header('authorization')) });
      return true;
    }
    if (method !== 'POST') throw methodNotAllowedError();
    const session = sessions.makeSession(request.user);
    if (!session) throw badRequestError('a session is given for a link: sallyport console prints one');
    answerJson(request, 201, { token: session.secret, expires: rfc3339(session.expires) });
    return true;
  };
}

/** A fragment never leaves the browser: it stands in no log and no Referer. */
export const linkPath = (secret: string): string => `/console#login=${secret}`;
