/**
 * Words for what doors say: why a request is let in or not, and what would make it work. Verdicts are those of
 * sallyport/authentication and sallyport/authorization; docs/codes.md lists their codes.
 */
export { type Canvas, drawTree, type TreeNode } from './drawing.ts';
export { type Explanation, explanationsOf, missingRight } from './explanation.ts';
export { grantCommands, lackText, type NearBinding, nearMissText, type RemedyFacts } from './near-miss.ts';
export type { DecisionRecord, MissingRight } from './record.ts';
export type { RequestSummary } from './request-summary.ts';
export { decisionTree, type ExplainedDecision } from './tree.ts';
export type { AuthenticationVerdict, AuthorizationVerdict, Facts } from './verdict.ts';
export { authenticationWords, refusalWords } from './words/authentication.ts';
export { authorizationWords } from './words/authorization.ts';
