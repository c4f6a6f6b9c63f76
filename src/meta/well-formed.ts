/** A text as Go has it after reading JSON: what is half of a surrogate pair becomes U+FFFD. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');
