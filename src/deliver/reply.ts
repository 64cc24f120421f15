/**
 * SMTP replies: octets from a stranger -> replies with a code, an enhanced status and a text that is safe to keep.
 *
 * `ReplyReader` puts lines together to replies; `statusOf` says which RFC 3463 status a reply means. RFC 5321 section 4.2, RFC 2034.
 */

export type Reply = {
  readonly kind: 'reply';
  readonly code: number;
  /** As sent, when its class agrees with the code. */
  readonly enhanced: string | null;
  /** Texts of the lines, without codes; EHLO's keywords are read from them. */
  readonly lines: readonly string[];
  /** The reply on one line, for people and for evidence: at most 500 characters, no control characters. */
  readonly text: string;
};

/** Why the conversation cannot go on, with a 4.x.x status. `reason` is a clause without a final dot ("mx.example closed the connection"). */
export type Trouble = { readonly kind: 'trouble'; readonly status: string; readonly reason: string };

/** RFC 5321 section 4.5.3.1.5 allows 512 octets a line; servers exceed it. */
const maxLine = 4_096;
const maxLines = 200;
const maxText = 500;

export class ReplyReader {
  #partial = '';
  #lines: string[] = [];
  #code = 0;

  /** True when part of a reply has arrived. */
  get pending(): boolean {
    return this.#partial !== '' || this.#lines.length > 0;
  }

  /** The replies that `chunk` completes; null when this is not SMTP, or longer than any reply needs to be. */
  push(chunk: Buffer): Reply[] | null {
    const replies: Reply[] = [];
    // latin1 keeps octets apart until a reply is complete, whatever the chunk cut through.
    const pieces = (this.#partial + chunk.toString('latin1')).split('\n');
    this.#partial = pieces.pop() ?? '';
    if (this.#partial.length > maxLine) return null;
    for (const piece of pieces) {
      const match = /^([2-5]\d\d)(?:([ -])([^]*))?$/.exec(piece.endsWith('\r') ? piece.slice(0, -1) : piece);
      const code = Number(match?.[1]);
      const follows = this.#lines.length > 0;
      if (
        match === null ||
        piece.length > maxLine ||
        this.#lines.length >= maxLines ||
        (follows && code !== this.#code)
      )
        return null;
      this.#code = code;
      this.#lines.push(match[3] ?? '');
      if (match[2] === '-') continue;
      replies.push(replyOf(code, this.#lines));
      this.#lines = [];
    }
    return replies;
  }
}

function replyOf(code: number, lines: readonly string[]): Reply {
  const enhanced = /^([245])\.\d{1,3}\.\d{1,3}(?= |$)/.exec(lines[0] ?? '');
  return {
    kind: 'reply',
    code,
    enhanced: enhanced !== null && enhanced[1] === String(code)[0] ? enhanced[0] : null,
    lines,
    text: cleanText(`${code} ${Buffer.from(lines.join(' '), 'latin1').toString('utf8')}`),
  };
}

/** Text from outside as it may stand in rows, logs and bounces: one line, no control characters, at most 500 characters. */
export function cleanText(text: string): string {
  const line = text
    .slice(0, 4 * maxText)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return line.length <= maxText ? line : `${line.slice(0, maxText - 1)}…`;
}

/** What a reply answers: a command, the message itself (`end`), or a message that is not complete yet (`early`). */
export type Stage = 'mail' | 'rcpt' | 'data' | 'early' | 'end';

/** RFC 5321 section 4.2.2 in terms of RFC 3463, for servers that send no enhanced status. */
const derived: Record<Stage, Record<number, string>> = {
  mail: { 452: '4.3.1', 552: '5.3.4', 553: '5.1.7' },
  rcpt: { 450: '4.2.0', 451: '4.3.0', 452: '4.5.3', 550: '5.1.1', 551: '5.1.6', 552: '5.2.2', 553: '5.1.3' },
  data: { 452: '4.3.1', 552: '5.3.4' },
  early: { 452: '4.3.1', 552: '5.3.4' },
  end: { 452: '4.3.1', 552: '5.3.4' },
};

/** The status a reply means: its own, or the one its code implies at that stage. Always of the code's class. */
export function statusOf(reply: Reply, stage: Stage): string {
  return reply.enhanced ?? derived[stage][reply.code] ?? `${Math.floor(reply.code / 100)}.0.0`;
}
