/** A thing wrong with a file a person wrote: where, what was expected and found, and what to do. Never holds a secret. */
export type Problem = {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the setting, "smtp.maxRecipients"; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
};
