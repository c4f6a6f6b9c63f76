import { answerPageNotFound } from './answer.ts';
import type { ApiRequest } from './api-request.ts';

/** `/openapi/v2` and `/openapi/v3`. */
export class OpenApi {
  answer(request: ApiRequest): void {
    answerPageNotFound(request);
  }
}
