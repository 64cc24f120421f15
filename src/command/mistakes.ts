/**
 * What an admin can put right, in one line: a port in use, a folder of somebody else, a database that does not answer. Everything else is our
 * bug and keeps its stack.
 */
import type { Config } from '../config/config.ts';
import { PolicyBroken } from '../pipeline/policies.ts';
import { FolderHeld } from '../store/lock.ts';
import { StoreBusy, StoreDown } from '../store/store.ts';
import { KeyWrong } from './storage.ts';

/** The line for this error, or null when it is not the admin's to mend. */
export function mistakeOf(error: unknown, config: Config): string | null {
  if (error instanceof PolicyBroken) return error.message;
  if (error instanceof KeyWrong || error instanceof FolderHeld) return `${config.file}: ${error.message}`;
  if (error instanceof StoreBusy || error instanceof StoreDown) {
    return `${config.file}: database: ${place(config)} cannot be used (${error.message}). Look whether it runs, is reachable and may be written by this user.`;
  }
  if (!(error instanceof Error) || !('code' in error)) return null;
  const { code, message } = error;
  if ('syscall' in error && error.syscall === 'listen' && code === 'EACCES') {
    return `${config.file}: ${message}. This user may not listen there: ports below 1024 need CAP_NET_BIND_SERVICE (deploy/postern.service gives it), or choose another in smtp.listen or web.listen.`;
  }
  switch (code) {
    case 'EADDRINUSE':
      return `${config.file}: ${message}. Another program listens there: stop it, or change smtp.listen or web.listen.`;
    case 'EADDRNOTAVAIL':
      return `${config.file}: ${message}. This machine has no such address: change smtp.listen or web.listen.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'EEXIST':
    case 'ENOTDIR':
    case 'ENOENT':
      // A file elsewhere that is missing or forbidden is a fault of the installation or of ours, and keeps its stack.
      if (!('path' in error) || !isAbout(String(error.path), config.data)) return null;
      return `${config.file}: data: ${config.data} cannot be used (${message}). It must be a folder that this user may write, or whose parent it may write.`;
    default:
      return null;
  }
}

/** Whether a path is the data folder, below it, or a folder it lies in. */
function isAbout(path: string, data: string): boolean {
  return path.startsWith(data) || data.startsWith(path);
}

/** The database without what may be a password in its URL. */
function place(config: Config): string {
  if (config.database === 'sqlite') return `the SQLite file in ${config.data}`;
  try {
    const { hostname, port, pathname } = new URL(config.database);
    return `PostgreSQL at ${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch {
    return 'PostgreSQL';
  }
}
