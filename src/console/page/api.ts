/** What the server answers where it does not answer with what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  readonly path: string;

  constructor(status: number, path: string, message: string) {
    super(message);
    this.status = status;
    this.path = path;
  }
}

/**
 * Asks the server this page comes from, as whoever the token stands for. The token goes into a header and nowhere else;
 * cookies and client certificates are left out, so that no other site can ask in one's name.
 */
export class Api {
  readonly #token: string;
  /** Told when the server does not know the token (any more). */
  readonly #unknown: () => void;

  constructor(token: string, unknown: () => void = () => {}) {
    this.#token = token;
    this.#unknown = unknown;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#send('GET', path)).json()) as T;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await (await this.#send('POST', path, JSON.stringify(body))).json()) as T;
  }

  async delete(path: string): Promise<void> {
    await this.#send('DELETE', path);
  }

  /** Each line of an answer that goes on; resolves when the server ends it. `opened` is called once it has begun. */
  async follow(
    path: string,
    line: (text: string) => void,
    opened: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    const answer = await this.#send('GET', path, undefined, signal);
    opened();
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop()!;
      for (const text of lines) if (text !== '') line(text);
    }
  }

  async #send(method: string, path: string, body?: string, signal?: AbortSignal): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(path, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error;
      throw new ApiError(0, path, 'The server does not answer. It may have been stopped, or be starting.');
    }
    if (answer.ok) return answer;
    if (answer.status === 401) this.#unknown();
    throw new ApiError(answer.status, path, await messageOf(answer));
  }
}

async function messageOf(answer: Response): Promise<string> {
  const text = (await answer.text()).slice(0, 4000);
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not everything is JSON.
  }
  return text.trim() || `HTTP ${answer.status}`;
}
