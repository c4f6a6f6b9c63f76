/** Where Go's base64 decoder stumbles, or -1. Line ends are skipped; padding must be complete. */
export function badBase64(text: string): number {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return -1;
  let quantum = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\n' || char === '\r') continue;
    if (char !== '=') {
      if (!/[A-Za-z0-9+/]/.test(char)) return i;
      quantum = (quantum + 1) % 4;
      continue;
    }
    if (quantum < 2) return i;
    let rest = i + 1;
    const skip = (): void => {
      while (text[rest] === '\n' || text[rest] === '\r') rest++;
    };
    skip();
    if (quantum === 2) {
      if (rest === text.length) return text.length;
      if (text[rest] !== '=') return rest;
      rest++;
    }
    skip();
    return rest < text.length ? rest : -1;
  }
  return quantum === 0 ? -1 : text.length - quantum;
}
