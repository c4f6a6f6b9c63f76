/** Where a webhook is and how to reach it. */
export interface WebhookTarget {
  /** With its path; requests go to exactly this. */
  url: string;
  /** Whom to trust, in PEM; the machine's own roots where absent. */
  ca?: string | undefined;
  /** The name the server's certificate must bear, where it is not the URL's. */
  serverName?: string | undefined;
  /** Takes any certificate. */
  insecure?: boolean;
  /** What to show the server; asked anew for each request, so that exchanged files are noticed. */
  credentials?(): WebhookCredentials;
  /** Opens connections to another address than the URL's, to a Service's endpoint for instance. */
  connectTo?: { host: string; port: number } | undefined;
}

export interface WebhookCredentials {
  certificate?: { certificate: string; key: string };
  /** The Authorization header's value. */
  authorization?: string;
  /** Further headers. */
  headers?: Readonly<Record<string, string | string[]>>;
}
