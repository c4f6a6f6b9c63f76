import { quote } from '../meta/go-quote.ts';
import { forbiddenError, type StatusError } from '../meta/status.ts';
import type { AuthorizationAttributes } from './authorizer.ts';
import { combinedResource } from './rbac/rule.ts';

/** Messages must not look like HTML to a browser (endpoints/handlers/responsewriters/errors.go). */
function withoutHtml(text: string): string {
  return text.replace(/[&<>]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : '&gt;'));
}

/** What the caller cannot do, with the reason behind it where there is one: all of a 403's message but its head. */
export function forbiddenMessage(attributes: AuthorizationAttributes, reason = ''): string {
  const { user, verb, apiGroup, namespace, path } = attributes;
  let what: string;
  if (attributes.isResourceRequest) {
    const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
    what = `${verb} resource ${quote(combinedResource(attributes))} in API group ${quote(apiGroup)} ${scope}`;
  } else {
    what = `${verb} path ${quote(path)}`;
  }
  const message = withoutHtml(`User ${quote(user.name)} cannot ${what}`);
  return reason === '' ? message : `${message}: ${reason}`;
}

/** The 403 of a request nobody allowed. */
export function forbiddenStatus(attributes: AuthorizationAttributes, reason: string): StatusError {
  const { apiGroup: group, resource, name } = attributes;
  return forbiddenError({ group, resource }, name, forbiddenMessage(attributes, reason));
}

/** The text/plain body of the 500 that an authorizer's error makes of a refusal. `requestUri` as it was sent, with its query. */
export function authorizationErrorText(requestUri: string, error: string): string {
  return `${withoutHtml(`Internal Server Error: ${quote(requestUri)}: ${error}`)}\n`;
}
