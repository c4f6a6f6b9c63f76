import { answerBytes } from '../server/answer.ts';
import type { ApiRequest } from '../server/api-request.ts';

/** JSON that no browser takes for anything else, and that nobody keeps. */
export function answerJson(request: ApiRequest, status: number, answer: unknown): void {
  answerBytes(
    request,
    status,
    {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    `${JSON.stringify(answer)}\n`,
  );
}
