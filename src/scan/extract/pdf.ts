/** Text of PDF files (`pdfText`). */
import type { Blind } from '../../policy/detection.ts';

/** Where the text of a PDF goes. Each call may throw to stop the reading; what it threw comes out of `pdfText`. */
export type PdfReader = {
  /** Text of a page, of a form, of the document's information; pieces of any length. */
  text(text: string): void;
  /** A file that the PDF holds. */
  file(name: string, octets: Uint8Array): void | Promise<void>;
  blind(doubt: Blind['doubt'], reason: string): void;
};

/** Reads a PDF; `octets` may be detached afterwards. Rejects only with what `to` threw. */
export async function pdfText(octets: Uint8Array, to: PdfReader): Promise<void> {
  void octets;
  void to;
}
