import { quote } from '../../meta/go-quote.ts';

/** Groups of the Kubernetes community are for APIs that it has approved (apiextensions-apiserver pkg/apihelpers). */

export const APPROVAL_ANNOTATION = 'api-approved.kubernetes.io';

const PROPOSAL = 'see https://github.com/kubernetes/enhancements/pull/1111';

export const isProtectedGroup = (group: string): boolean =>
  ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));

export interface ApprovalState {
  state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  reason: string;
}

/** What the annotation of a definition says, and in which words. */
export function approvalState(annotations: Record<string, string> | undefined): ApprovalState {
  const annotation = annotations?.[APPROVAL_ANNOTATION] ?? '';
  const wanted = `protected groups must have approval annotation ${quote(APPROVAL_ANNOTATION)}`;
  if (annotation === '') return { state: 'missing', reason: `${wanted}, ${PROPOSAL}` };
  if (annotation.startsWith('unapproved'))
    return { state: 'bypassed', reason: `not approved: ${quote(annotation)}` };
  if (isUrl(annotation)) return { state: 'approved', reason: `approved in ${annotation}` };
  return {
    state: 'invalid',
    reason: `${wanted} with either a URL or a reason starting with "unapproved", ${PROPOSAL}`,
  };
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text) && URL.canParse(text);
}
