/** What is to be said of something that was pasted: `bad` keeps it from working, `care` may do harm, `fine` and `note` do not. */
export interface Finding {
  level: 'bad' | 'care' | 'fine' | 'note';
  text: string;
}

/** What a pasted thing is. Nothing secret of it stands in here. */
export interface Inspection {
  /** `A client certificate`. */
  title: string;
  findings: Finding[];
  rows: (readonly [name: string, value: string])[];
  /** Whom Kubernetes takes its holder for. */
  user?: { name: string; groups: readonly string[] };
  /** Things found inside. */
  parts: Inspection[];
}

export const bad = (text: string): Finding => ({ level: 'bad', text });
export const care = (text: string): Finding => ({ level: 'care', text });
export const fine = (text: string): Finding => ({ level: 'fine', text });
export const note = (text: string): Finding => ({ level: 'note', text });
