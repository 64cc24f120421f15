/**
 * What is said of a message that came in: one line for the rules of the mailbox and for its reader (`verdictText`, the value of X-Postern-Verdict),
 * and the sentences of the trace (`sentencesOn`). Pure.
 *
 *   encryption=   none; smime or pgp: it was opened here; closed: it could not be opened; part: something in it is protected, and was left as it is
 *   signature=    none, valid, invalid, mismatch, revoked, untrusted, unknown-key
 *   signer=       the address the key is for, and fingerprint=, where there is a signature by a known key
 *   reason=       one sentence
 */
import type { Opened } from './message.ts';
import type { SignatureVerdict } from './opened.ts';

/** The header field. Every one of this name that comes in is removed (ingress/admit.ts), so that it is always our word. */
export const verdictField = 'X-Postern-Verdict';

export type Verdict = {
  readonly encryption: 'none' | 'smime' | 'pgp' | 'closed' | 'part';
  readonly signature: SignatureVerdict;
  readonly why: string;
};

/** `otherAuthor`: the header that was protected inside names another author than the one outside. */
export function verdictOf({ layers, part, signature }: Opened, otherAuthor: boolean): Verdict {
  const closed = layers.findLast((layer) => layer.kind === 'closed');
  const opened = layers.find((layer) => layer.kind === 'encrypted');
  if (closed?.kind === 'closed') return { encryption: 'closed', signature, why: closed.refusal.why };
  const judged: SignatureVerdict =
    otherAuthor && signature.status !== 'invalid'
      ? { ...signature, status: signature.status === 'none' ? 'none' : 'mismatch', why: otherAuthorInside }
      : signature;
  const encryption = opened?.method ?? (part ? 'part' : 'none');
  const inPart = part ? ' Something else in it is protected, too, and was left as it is.' : '';
  if (encryption === 'part') return { encryption, signature: judged, why: partly };
  return { encryption, signature: judged, why: `${judged.why}${inPart}` };
}

const otherAuthorInside = 'The author named inside the message is another one than outside.';
const partly = 'Something in the message is protected; it lies among other parts, so nothing was opened or verified.';

/** The value of the header field: printable ASCII, no content of the message. */
export function verdictText({ encryption, signature, why }: Verdict): string {
  const { status, signer, fingerprint } = signature;
  const parts = [
    `encryption=${encryption}`,
    `signature=${status}`,
    ...(signer === null ? [] : [`signer=${quoted(signer)}`]),
    ...(fingerprint === null ? [] : [`fingerprint=${fingerprint}`]),
    `reason=${quoted(why)}`,
  ];
  return parts.join('; ');
}

/** Nothing in it ends the quotes or the line. */
function quoted(text: string): string {
  return `"${text
    .replaceAll(/[^ -~]/g, '?')
    .replaceAll(/["\\]/g, "'")
    .slice(0, 400)}"`;
}

/** For the trace: what was found, outermost first. */
export function sentencesOn({ layers }: Opened, verdict: Verdict): string[] {
  const names = { smime: 'S/MIME', pgp: 'OpenPGP' } as const;
  const about = layers.map((layer) => {
    const name = names[layer.method];
    if (layer.kind === 'encrypted') return `Opened ${name} encryption with the own key ${layer.key}.`;
    if (layer.kind === 'closed') return `Left ${name} closed: ${layer.refusal.why}`;
    return `${name} signature ${layer.signature.status}: ${layer.signature.why}`;
  });
  return [...about, `Verdict: ${verdictText(verdict)}`];
}
