import { readFileSync, statSync } from 'node:fs';

/** The files a kubeconfig and its credentials are in. Errors are worded as Go words them. */
export interface Files {
  /** Throws `open F: no such file or directory` and the like. */
  read(path: string): string;
  /** Throws `stat F: no such file or directory` and the like. */
  stat(path: string): { isFile: boolean };
}

const ERRNO: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

function goError(operation: string, path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const verb = code === 'EISDIR' && operation === 'open' ? 'read' : operation;
  return new Error(`${verb} ${path}: ${ERRNO[code] ?? code}`, { cause: error });
}

/** Files of this machine. */
export const diskFiles: Files = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw goError('open', path, error);
    }
  },
  stat(path) {
    try {
      return { isFile: statSync(path).isFile() };
    } catch (error) {
      throw goError('stat', path, error);
    }
  },
};
