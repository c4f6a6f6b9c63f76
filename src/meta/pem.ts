import { Buffer } from 'node:buffer';

export interface PemBlock {
  type: string;
  /** Whether lines like `Proc-Type: …` stand before the data. */
  headers: boolean;
  der: Buffer;
}

const BLOCK = /-----BEGIN ([^\r\n-]+)-----\r?\n([^-]*)-----END \1-----/g;

/** The PEM blocks of a text in their order; what stands around them is passed over (Go's encoding/pem). */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const [, type, body] of text.matchAll(BLOCK)) {
    const lines = body!.split(/\r?\n/);
    const end = lines.findIndex((line) => !line.includes(':'));
    const data = lines.slice(Math.max(end, 0)).join('').replace(/\s+/g, '');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.length % 4 !== 0) continue;
    blocks.push({ type: type!, headers: end > 0, der: Buffer.from(data, 'base64') });
  }
  return blocks;
}
