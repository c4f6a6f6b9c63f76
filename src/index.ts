/** A whole server for programs that run one themselves; parts of it are at sallyport/authentication, /authorization and /cel. */
export { ControlPlane, type ControlPlaneParts } from './server/control-plane.ts';
export { jsonLog, type Log, silentLog, textLog } from './server/log.ts';
export type { ServerOptions } from './server/options.ts';
export { openEmbeddedStore } from './storage/embedded/store.ts';
export { MemoryStore } from './storage/memory.ts';
