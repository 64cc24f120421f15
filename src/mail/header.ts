/**
 * The header block as byte ranges: read fields, decode values, edit without touching any other octet.
 */

/** One header field. `start`..`end` covers name, value and the final CRLF, folded lines included. */
export type Field = {
  /** As written. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The raw value after the colon, still folded and encoded, without the final CRLF, as latin1. */
  readonly raw: string;
};
