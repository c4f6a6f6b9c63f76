/** On token Secrets: the day, in UTC, on which the token was last used. */
export const LAST_USED_LABEL = 'kubernetes.io/legacy-token-last-used';

/** On token Secrets: the day since which the token is refused, for nobody used it for long. */
export const INVALID_SINCE_LABEL = 'kubernetes.io/legacy-token-invalid-since';
