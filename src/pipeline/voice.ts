/** How a tenant speaks in letters to an address: its own look and words, in the language people there read, with the phrase they chose for themselves. */
import type { Branding } from '../config/config.ts';
import type { GreetingStore } from '../store/greetings.ts';
import type { PortalAddress } from '../store/portal-port.ts';

export type VoicePorts = { readonly store: { readonly greetings: Pick<GreetingStore, 'of'> } };

export async function voiceFor(branding: Branding, to: PortalAddress, { store }: VoicePorts): Promise<Branding> {
  const { language, phrase } = await store.greetings.of(to);
  return { ...branding, language: language ?? branding.language, phrase: phrase ?? branding.phrase };
}
