// The load where h2load is not installed. Reads a Load on standard input, writes {"rate": answers a second}.
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { CONNECTIONS, type Load, STREAMS } from './load.ts';

const load = JSON.parse(readFileSync(0, 'utf8')) as Load;
const headers = {
  ':method': load.method,
  ':path': load.path,
  authorization: `Bearer ${load.token}`,
  ...(load.body === undefined ? {} : { 'content-type': 'application/json' }),
};
const warmUpMs = load.seconds ? 1000 : 0;
const began = performance.now();
const until = load.seconds ? began + warmUpMs + load.seconds * 1000 : Number.POSITIVE_INFINITY;
let [asked, counted, countedSince] = [0, 0, began];

function ask(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: load.body === undefined });
    stream.on('response', (answer) => {
      const status = Number(answer[':status']);
      if (status < 200 || status > 299) reject(new Error(`an answer was ${status}`));
    });
    stream.on('error', reject);
    stream.on('end', resolve).resume();
    if (load.body !== undefined) stream.end(load.body);
  });
}

async function work(session: ClientHttp2Session): Promise<void> {
  while (performance.now() < until && asked < (load.requests ?? Number.POSITIVE_INFINITY)) {
    asked++;
    await ask(session);
    if (warmUpMs > 0 && performance.now() - began < warmUpMs) countedSince = performance.now();
    else counted++;
  }
}

const sessions = Array.from({ length: CONNECTIONS }, () =>
  connect(load.url, load.ca ? { ca: load.ca } : { rejectUnauthorized: false }),
);
await Promise.all(sessions.flatMap((session) => Array.from({ length: STREAMS }, () => work(session))));
const rate = (counted / (performance.now() - countedSince)) * 1000;
for (const session of sessions) session.close();
process.stdout.write(JSON.stringify({ rate }));
