/**
 * Does decrypted text hold octets that mail does not have? AES-CBC without a signature lets an attacker change and insert blocks of a message
 * they cannot read (EFAIL), but each change that says something leaves a block of 16 random octets before or after it. Mail is text, in UTF-8 or
 * 7-bit charsets, and its attachments are encoded as text: of some hundred thousand random blocks one looks like that.
 *
 * Limits: text in another 8-bit charset that is not transfer-encoded, and unencoded binary content, count as noise; such a message must be
 * signed, or encrypted with integrity, to be opened. What leaves no noise is not seen: up to 16 other octets at the very beginning, or blocks cut off
 * before it; neither is enough to send anything anywhere.
 */
export class NoiseDetector {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #found = false;

  push(chunk: Uint8Array): void {
    if (this.#found) return;
    try {
      const text = this.#decoder.decode(chunk, { stream: true });
      // Tab, line ends, form feed, and the escape of ISO-2022-JP are what mail has of controls; C1 controls are not text either.
      this.#found = /[^\t\n\f\r\x1b\x20-\x7e\xa0-\uffff]/.test(text);
    } catch {
      this.#found = true;
    }
  }

  /** Whether there was any. */
  end(): boolean {
    if (this.#found) return true;
    try {
      this.#decoder.decode();
      return false;
    } catch {
      return true;
    }
  }
}
