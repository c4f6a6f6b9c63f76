/** Why a token webhook refused, or gave no answer: its own words, or client-go's. */
export const tokenWebhookWords: Record<string, (facts: any) => string> = {
  TOKEN_WEBHOOK_FAILED: ({ reason }) => reason,
  TOKEN_WEBHOOK_REFUSED: ({ reason }) => reason,
};
