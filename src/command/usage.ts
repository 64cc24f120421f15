/** Thrown by a command that was called with the wrong words: printed with the usage, exit status 2. */
export class UsageError extends Error {}
