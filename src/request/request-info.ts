/** What a request asks for, read off its method and path alone (apiserver pkg/endpoints/request/requestinfo.go). */
export interface RequestInfo {
  isResourceRequest: boolean;
  /** The path as it was sent, percent-decoded, without the query. */
  path: string;
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths the method in lower case. */
  verb: string;
  /** `api` or `apis`, empty for paths outside them. */
  apiPrefix: string;
  apiGroup: string;
  apiVersion: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** The path's parts from the resource on. */
  parts: string[];
  /** As sent; read for list, watch and deletecollection only. */
  fieldSelector: string;
  labelSelector: string;
}
