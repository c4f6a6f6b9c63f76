/** What a decision record keeps of a request: nothing secret stands in a path or among these. */
export interface RequestSummary {
  method: string;
  path: string;
  verb: string;
  apiGroup: string;
  apiVersion: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  remoteAddress: string;
  userAgent: string;
}
