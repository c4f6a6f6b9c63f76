/** `scheme://user:password@`, up to where the path begins; the user's name may be empty. */
const PASSWORD = /^([a-z][a-z0-9+.-]*:\/\/[^/?#:@]*):[^/?#]*@/i;

/** A URL as messages may show it: the password of its user information is `***` (Go net/http, stripPassword). */
export function withoutPassword(url: string): string {
  return url.includes('@') ? url.replace(PASSWORD, '$1:***@') : url;
}
