/** A kubeconfig of one context, everything embedded. Certificates and key as PEM. */
export function kubeconfigText(parts: {
  cluster: string;
  user: string;
  server: string;
  ca: string;
  certificate: string;
  key: string;
}): string {
  const data = (pem: string): string => Buffer.from(pem).toString('base64');
  const context = `${parts.user}@${parts.cluster}`;
  return `apiVersion: v1
kind: Config
clusters:
- name: ${parts.cluster}
  cluster:
    server: ${parts.server}
    certificate-authority-data: ${data(parts.ca)}
users:
- name: ${parts.user}
  user:
    client-certificate-data: ${data(parts.certificate)}
    client-key-data: ${data(parts.key)}
contexts:
- name: ${context}
  context:
    cluster: ${parts.cluster}
    user: ${parts.user}
current-context: ${context}
`;
}
