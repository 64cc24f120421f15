/**
 * `postern people`: who reads what is sent to an address in the portal, and how they sign in. `forget` takes all of them off the address, for who lost their
 * passkey and phone: the next who proves the mailbox by a code begins anew. Make sure by other means that it is them who ask.
 */
import type { Config } from '../config/config.ts';
import type { Event } from '../event/event.ts';
import { addressKey, canonicalAddress } from '../mail/address.ts';
import type { MemberOfAddress, PortalAddress } from '../store/portal-port.ts';
import { printable, printJson, table, time } from './output.ts';
import { openStorage } from './storage.ts';
import { chooseTenant } from './tenant.ts';
import { UsageError } from './usage.ts';

export async function people(
  config: Config,
  words: readonly string[],
  options: { readonly json: boolean; readonly tenant: string | undefined },
): Promise<number> {
  const [action, given = '', ...more] = words;
  const canonical = canonicalAddress(given);
  if ((action !== 'list' && action !== 'forget') || more.length > 0 || canonical === null)
    throw new UsageError('postern people takes list ADDRESS or forget ADDRESS.');
  const at: PortalAddress = { tenant: chooseTenant(config, options.tenant).id, address: addressKey(canonical) };
  const { store, close } = await openStorage(config);
  try {
    const members = await store.portal.members(at);
    if (action === 'forget')
      for (const member of members) await store.portal.leave(member.id, at, [leftEvent(member, at)]);
    if (options.json) printJson({ ...at, people: members.map(documentOf), forgotten: action === 'forget' });
    else process.stdout.write(pageOf(members, at, action === 'forget'));
    return 0;
  } finally {
    await close();
  }
}

function leftEvent({ id, name }: MemberOfAddress, at: PortalAddress): Event {
  return { kind: 'portal.left', ...at, client: 'postern people', member: id, reader: name };
}

function documentOf({ id, name, role, joinedAt, methods }: MemberOfAddress) {
  return { id, name, role, joinedAt: new Date(joinedAt).toISOString(), methods };
}

function pageOf(members: readonly MemberOfAddress[], { address }: PortalAddress, forgotten: boolean): string {
  if (members.length === 0)
    return `Nobody has set anything up for ${printable(address)}. Who reads its mail opens messages by code.\n`;
  const rows = members.map(({ name, role, joinedAt, methods }) => [
    printable(name),
    role,
    time(joinedAt),
    methods.join(', '),
  ]);
  const said = forgotten ? `\nForgotten: who reads the mail of ${printable(address)} can set it up anew.\n` : '';
  return `${table(['NAME', 'ROLE', 'SINCE (UTC)', 'SIGNS IN BY'], rows)}${said}`;
}
