// Opens watches, creates objects, and counts the events that come. Reads a WatchTask on standard input, writes a WatchOutcome.
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

export interface WatchTask {
  url: string;
  token: string;
  ca?: string | undefined;
  /** Of the watches, which are open before anything is created. */
  watchPath: string;
  watchers: number;
  createPath: string;
  creates: number;
  body: string;
}

export interface WatchOutcome {
  /** From the first create sent to the last event received. */
  seconds: number;
  delivered: number;
  expected: number;
}

/** Watches share connections, as those of one client-go process do. */
const CONNECTIONS = 8;
const WRITERS = 16;
/** No event for so long: the rest was dropped. */
const SILENCE_MS = 8000;

const task = JSON.parse(readFileSync(0, 'utf8')) as WatchTask;
const authorization = `Bearer ${task.token}`;
const open = (): ClientHttp2Session => {
  const session = connect(task.url, {
    ...(task.ca ? { ca: task.ca } : { rejectUnauthorized: false }),
    settings: { initialWindowSize: 4 << 20 },
  });
  session.on('connect', () => session.setLocalWindowSize(64 << 20));
  return session;
};
const [watching, writing] = [Array.from({ length: CONNECTIONS }, open), [open(), open()]];

const expected = task.watchers * task.creates;
let delivered = 0;
let last = 0;
let allHere = (): void => {};

function watch(session: ClientHttp2Session): Promise<ClientHttp2Stream> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': task.watchPath, authorization });
    stream.on('response', (answer) => {
      if (answer[':status'] === 200) resolve(stream);
      else reject(new Error(`a watch was answered with ${answer[':status']}`));
    });
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) delivered++;
      last = performance.now();
      if (delivered >= expected) allHere();
    });
  });
}

function create(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': task.createPath,
      authorization,
      'content-type': 'application/json',
    });
    stream.on('response', (answer) => {
      if (answer[':status'] !== 201) reject(new Error(`a create was answered with ${answer[':status']}`));
    });
    stream.on('error', reject);
    stream.on('end', resolve).resume();
    stream.end(task.body);
  });
}

await Promise.all(Array.from({ length: task.watchers }, (_, i) => watch(watching[i % CONNECTIONS]!)));
const began = performance.now();
last = began;
const complete = new Promise<void>((resolve) => {
  allHere = resolve;
});
let created = 0;
await Promise.all(
  Array.from({ length: WRITERS }, async (_, i) => {
    while (created < task.creates) {
      created++;
      await create(writing[i % writing.length]!);
    }
  }),
);
await Promise.race([
  complete,
  new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (performance.now() - last < SILENCE_MS) return;
      clearInterval(look);
      resolve();
    }, 100);
  }),
]);
const outcome: WatchOutcome = { seconds: (last - began) / 1000, delivered, expected };
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
