// The ceiling: a Node.js HTTP/2 server over TLS that answers prepared bytes and does nothing else. Run by `npm run bench`.
// argv: port, certificate file, key file. Its parent sends it the answers: BareAnswer.
import { readFileSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';

/** What is answered to a method and path. */
export interface BareAnswer {
  method: string;
  path: string;
  status: number;
  body: string;
  /** A POST that every open watch is sent this line for. */
  event?: string;
  /** The answer goes on until the client ends it. */
  watch?: boolean;
}

const [port, certFile, keyFile] = process.argv.slice(2);
const answers = new Map<string, BareAnswer & { bytes: Buffer; line: Buffer }>();
const watches = new Set<ServerHttp2Stream>();

process.on('message', (answer: BareAnswer) => {
  answers.set(`${answer.method} ${answer.path}`, {
    ...answer,
    bytes: Buffer.from(answer.body),
    line: Buffer.from(answer.event ?? ''),
  });
  process.send!('ready');
});
process.on('disconnect', () => process.exit(0));

const server = createSecureServer({ cert: readFileSync(certFile!), key: readFileSync(keyFile!) });
server.on('stream', (stream, headers) => {
  const answer = answers.get(`${headers[':method']} ${headers[':path']}`);
  stream.on('error', () => {});
  if (!answer) {
    stream.respond({ ':status': headers[':path'] === '/readyz' ? 200 : 404 }, { endStream: true });
    return;
  }
  if (answer.watch) {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    watches.add(stream);
    stream.on('close', () => watches.delete(stream));
    return;
  }
  const respond = (): void => {
    stream.respond({ ':status': answer.status, 'content-type': 'application/json' });
    stream.end(answer.bytes);
    if (answer.event) for (const watch of watches) watch.write(answer.line);
  };
  if (answer.method === 'GET') respond();
  else stream.on('end', respond).resume();
});
server.listen(Number(port), '127.0.0.1');
