/** The commands that run a server, as one bundle: see code-cache.ts. */
export { apiserver } from './apiserver.ts';
export { run } from './commands.ts';
