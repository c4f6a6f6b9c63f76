import { Api } from './api.ts';

const KEY = 'sallyport-session';
const SESSIONS = '/sallyport/v1/console/sessions';
const SELF_REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const LINK = /^#login=(sallyport-link-[\w-]+)$/;

export interface User {
  name: string;
  groups: string[];
}

/** Who looks, and what he asks the server with. */
export interface Session {
  api: Api;
  user: User;
  /** RFC 3339; absent for a token of one's own. */
  expires?: string;
}

/** Takes the secret of a login link out of the address, where it must not stay. */
export function takeLink(): string | undefined {
  const secret = LINK.exec(location.hash)?.[1];
  if (secret !== undefined) history.replaceState(null, '', `${location.pathname}#/`);
  return secret;
}

/** A link's secret becomes a session, kept for this tab until it is closed. */
export async function byLink(secret: string, over: () => void): Promise<Session> {
  const { token, expires } = await new Api(secret).post<{ token: string; expires: string }>(SESSIONS, {});
  sessionStorage.setItem(KEY, JSON.stringify({ token, expires }));
  return begin(token, expires, over);
}

/** A token of one's own stays in this page's memory: it may be good for more than looking. */
export const byToken = (token: string, over: () => void): Promise<Session> => begin(token, undefined, over);

/** The session that this tab had before it was loaded again. */
export async function again(over: () => void): Promise<Session | undefined> {
  const kept = sessionStorage.getItem(KEY);
  if (kept === null) return undefined;
  try {
    const { token, expires } = JSON.parse(kept) as { token: string; expires: string };
    if (Date.parse(expires) > Date.now()) return await begin(token, expires, over);
  } catch (error) {
    if ((error as { status?: number }).status === 0) throw error;
  }
  forget();
  return undefined;
}

export function forget(): void {
  sessionStorage.removeItem(KEY);
}

export async function signOut({ api, expires }: Session): Promise<void> {
  forget();
  if (expires === undefined) return;
  try {
    await api.delete(SESSIONS);
  } catch {
    // It ends by itself; nobody has it any more.
  }
}

async function begin(token: string, expires: string | undefined, over: () => void): Promise<Session> {
  const first = new Api(token);
  const { status } = await first.post<{ status: { userInfo: { username?: string; groups?: string[] } } }>(
    SELF_REVIEW,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  );
  const { username = '', groups = [] } = status.userInfo;
  return { api: new Api(token, over), user: { name: username, groups }, ...(expires ? { expires } : {}) };
}
