/**
 * What is kept of a decision so that it can be repeated under another policy (`postern replay`): the facts, and what was known of each
 * recipient. Sealed, for the time the setting `retention.facts` gives.
 */
import type { KeyTrust, TlsLevel } from '../config/config.ts';
import type { Capability } from '../plan/plan.ts';
import type { Facts } from '../policy/facts.ts';
import { openText, SealBroken, sealText } from '../protect/seal.ts';

export type Kept = {
  readonly facts: Facts;
  /** By recipient, as the envelope has it. */
  readonly capabilities: Readonly<Record<string, Capability>>;
  /** The tenant's. */
  readonly minimumTls: TlsLevel;
  /** Records from before there was one: vouched. */
  readonly minimumTrust?: KeyTrust;
  /** Whether the gateway had a portal. */
  readonly portal: boolean;
};

/** Of the JSON below the seal. Records without one hold something older. */
const version = 1;

export function sealKept(masterKey: Buffer, messageId: string, kept: Kept): string {
  return sealText(masterKey, JSON.stringify({ version, ...kept }), context(messageId));
}

/** Null for what cannot be read: it was forgotten (an empty text), is damaged, belongs to another message, or comes from another version. */
export function openKept(masterKey: Buffer, messageId: string, sealed: string): Kept | null {
  if (sealed === '') return null;
  try {
    const record = JSON.parse(openText(masterKey, sealed, context(messageId))) as (Kept & { version?: unknown }) | null;
    return record?.version === version ? record : null;
  } catch (error) {
    if (error instanceof SealBroken || error instanceof SyntaxError) return null;
    throw error;
  }
}

function context(messageId: string): string {
  return `facts ${messageId}`;
}
