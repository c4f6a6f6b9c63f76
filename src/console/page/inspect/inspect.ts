import { parse } from 'yaml';
import { inspectCertificate, inspectRequest } from './certificate.ts';
import { bad, care, type Inspection, note } from './finding.ts';
import { inspectJwt, parseJwt } from './jwt.ts';
import { inspectKubeconfig, isKubeconfig } from './kubeconfig.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]+?)-----END \1-----/g;
const SEQUENCE = 0x30;

/**
 * What a pasted text is: a token, certificates, a kubeconfig, or one of these in base64. Undefined for nothing at all.
 * Nothing is asked of anybody.
 *
 * @param now milliseconds since 1970
 */
export async function inspect(pasted: string, now: number): Promise<Inspection | undefined> {
  const text = pasted.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, '');
  if (text === '') return undefined;
  if (text.includes('-----BEGIN ')) {
    const config = text.startsWith('-----BEGIN ') ? undefined : kubeconfigOf(text);
    return config ? inspectKubeconfig(config, (part) => inspect(part, now)) : inspectPem(text, now);
  }
  const jwt = parseJwt(text);
  if (jwt) return inspectJwt(jwt.header, jwt.claims, now);
  if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text)) return bootstrapToken(text);
  const bytes = base64(text);
  if (bytes) return inspectBytes(bytes, now);
  const config = kubeconfigOf(text);
  if (config) return inspectKubeconfig(config, (part) => inspect(part, now));
  return unknown(text);
}

/** The content of a file: DER, or text. */
export async function inspectBytes(bytes: Uint8Array, now: number): Promise<Inspection | undefined> {
  if (bytes[0] === SEQUENCE && bytes.length > 2) {
    try {
      return await inspectCertificate(bytes, now);
    } catch {
      // DER of something else, or text that begins with a 0.
    }
  }
  const text = new TextDecoder().decode(bytes);
  // Not what base64 happens to decode to.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell bytes from text
  return /[\x00-\x08\ufffd]/.test(text) ? unknown(text) : inspect(text, now);
}

async function inspectPem(text: string, now: number): Promise<Inspection> {
  const parts: Inspection[] = [];
  for (const [, label = '', body = ''] of text.matchAll(BLOCK)) {
    if (label.includes('PRIVATE KEY')) {
      parts.push(privateKey(label));
      continue;
    }
    const bytes = base64(body.replace(/^[\w-]+:.*$/gm, ''));
    try {
      if (!bytes) throw new Error('it is not base64');
      if (label === 'CERTIFICATE') parts.push(await inspectCertificate(bytes, now));
      else if (label.endsWith('CERTIFICATE REQUEST')) parts.push(inspectRequest(bytes));
      else
        parts.push({
          title: `A block ${label}`,
          findings: [note('It holds no credential.')],
          rows: [],
          parts: [],
        });
    } catch (error) {
      parts.push({
        title: `A block ${label} that cannot be read`,
        findings: [bad(`As ${label.toLowerCase()} it is broken: ${(error as Error).message}.`)],
        rows: [],
        parts: [],
      });
    }
  }
  if (parts.length === 1) return parts[0]!;
  if (parts.length === 0)
    return {
      title: 'A PEM block that is not whole',
      findings: [bad('Its END line is missing, or is another than its BEGIN line.')],
      rows: [],
      parts,
    };
  return { title: `${parts.length} PEM blocks`, findings: [], rows: [], parts };
}

const privateKey = (label: string): Inspection => ({
  title: label.startsWith('ENCRYPTED') ? 'A private key, encrypted' : 'A private key',
  findings: [
    care('Whoever has it is whom its certificate names. It is not shown here; take care where you paste it.'),
  ],
  rows: [],
  parts: [],
});

const bootstrapToken = (text: string): Inspection => ({
  title: 'A bootstrap token',
  findings: [note('Its Secret in kube-system says when it expires and what it may be used for.')],
  rows: [['Secret', `kube-system/bootstrap-token-${text.slice(0, 6)}`]],
  user: {
    name: `system:bootstrap:${text.slice(0, 6)}`,
    groups: ['system:bootstrappers', 'system:authenticated'],
  },
  parts: [],
});

const unknown = (text: string): Inspection => ({
  title: 'Nothing that is known here',
  findings: [
    note(
      /^\S+$/.test(text)
        ? 'It may be a static token, or one that a webhook knows: only who issued it knows what it stands for.'
        : 'It is no JWT, no certificate in PEM or DER, and no kubeconfig.',
    ),
  ],
  rows: [['Length', `${text.length} characters`]],
  parts: [],
});

function kubeconfigOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parse(text, { schema: 'core', maxAliasCount: 20 });
    return isKubeconfig(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function base64(text: string): Uint8Array | undefined {
  const packed = text.replace(/\s+/g, '');
  if (packed.length < 16 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return undefined;
  try {
    return Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
