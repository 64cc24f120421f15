/**
 * A person's own public key or certificate, for mail that comes straight to their mail program: the keys known for the addresses they proved, a way to give
 * one (as a file or pasted), and to take back what they gave. How what they give is judged is keys/given.ts.
 *
 * A key decides who can read what is sent from then on, so it takes as much as adding a way to sign in, shown within the last hour: at an address with named
 * people one who manages it, by a proof as strong as their strongest; at an address where nobody set anything up, whoever reads its mailbox. Keys are an
 * address's with every tenant of this gateway, so this holds with each tenant at which the address has named people.
 *
 * Limits: at such an address whoever reads the mailbox can also take back a key that was given there; the next one then waits for the organisation.
 */
import type { Context } from 'hono';
import type { Given } from '../keys/given.ts';
import type { PortalAddress, PortalSession, Reach } from '../store/portal-port.ts';
import { type Person, person, personByForm, personOf } from './account.ts';
import { boundaryOf, FormBroken, type FormPart, formParts } from './form-data.ts';
import { type GivenNow, type KeysView, keysPage } from './pages/keys.ts';
import type { Shared } from './ports.ts';
import { crossSite, type Env, tooOften, trouble } from './request.ts';
import { addressesOf, strength } from './rights.ts';

const hour = 3_600_000;
/** What one address may give and take back in an hour: each is read, and may be for an admin to decide. */
const changesPerHour = 10;
/** Octets of a key, one more than are taken; and of all that a form may bring before it is not read on. */
const longestKey = 65_537;
const longestForm = 1_048_576;

const done: readonly Given[] = ['accepted', 'waiting', 'known'];

/** GET /account/keys */
export async function showKeys(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await person(c, shared);
  if (who instanceof Response) return who;
  const said = (['accepted', 'waiting', 'known', 'taken-back'] as const).find((each) => each === c.req.query('said'));
  return page(c, shared, who, said === undefined ? null : { said, address: null });
}

/** POST /account/keys */
export async function giveKey(c: Context<Env>, shared: Shared): Promise<Response> {
  if (crossSite(c, shared.ports.portalUrl)) return trouble(c, shared, 'crossSite', 403);
  const visitor = await shared.sessions.visitor(c);
  const read = await readForm(c);
  if (read === null) return trouble(c, shared, 'badRequest', 400);
  if (!shared.sessions.formIsOurs(visitor, read.fields.get('form'))) return trouble(c, shared, 'crossSite', 403);
  const who = await personOf(c, shared, visitor, read.fields);
  if (who instanceof Response) return who;
  const at = await changeable(c, shared, who);
  if (at instanceof Response) return at;
  const { reach } = at;
  const typed = Buffer.from(read.fields.get('text') ?? '');
  const octets = read.file.length > 0 ? read.file : typed;
  const said = await shared.ports.keys.give(reach.address, octets, `${reach.tenant}, proved by ${reach.method}`);
  if (done.includes(said)) return c.redirect(`/account/keys?said=${said}`, 303);
  return page(c, shared, who, { said, address: reach.address });
}

/** POST /account/keys/remove */
export async function takeKeyBack(c: Context<Env>, shared: Shared): Promise<Response> {
  const who = await personByForm(c, shared);
  if (who instanceof Response) return who;
  const at = await changeable(c, shared, who);
  if (at instanceof Response) return at;
  const gone = await shared.ports.keys.takeBack(at.reach.address, who.form.get('id') ?? '');
  return c.redirect(gone ? '/account/keys?said=taken-back' : '/account/keys', 303);
}

/** The address a form is about, for who may change its keys now, within the limit of the hour; or the answer for who may not. */
async function changeable(c: Context<Env>, shared: Shared, who: Person): Promise<{ readonly reach: Reach } | Response> {
  const { ports, now } = shared;
  const { form, session } = who;
  const reach = addressesOf(session).find(
    ({ tenant, address }) => tenant === form.get('tenant') && address === form.get('address'),
  );
  if (reach === undefined) return trouble(c, shared, 'noSession', 403);
  if ((await rightAt(reach, session, shared)) !== 'yes') return page(c, shared, who, null, 403);
  if ((await ports.store.countFailure(`keys of ${reach.tenant} ${reach.address}`, now())) > changesPerHour)
    return tooOften(c, shared, 'keys', { until: now() + hour, back: '/account/keys', what: 'tries' }, reach.tenant);
  return { reach };
}

/** `stale`: they showed enough, and too long ago. */
async function rightAt(at: PortalAddress, session: PortalSession, shared: Shared): Promise<'yes' | 'stale' | 'no'> {
  const { ports, now } = shared;
  const named = await Promise.all(
    ports.tenants.map(async ({ id }): Promise<PortalAddress | null> => {
      const there = { tenant: id, address: at.address };
      return (await ports.store.members(there)).length > 0 ? there : null;
    }),
  );
  const asked = named.filter((there) => there !== null);
  const here = session.reach.filter(({ tenant, address }) => tenant === at.tenant && address === at.address);
  const proofs = asked.length === 0 ? [here] : await Promise.all(asked.map((each) => managing(each, session, shared)));
  if (proofs.some((enough) => enough.length === 0)) return 'no';
  return proofs.every((enough) => enough.some((reach) => now() - reach.at <= hour)) ? 'yes' : 'stale';
}

/** Proofs of who manages an address with named people, as strong as all they set up. */
async function managing(at: PortalAddress, { reach }: PortalSession, { ports }: Shared): Promise<Reach[]> {
  const enough: Reach[] = [];
  for (const each of reach) {
    if (each.tenant !== at.tenant || each.address !== at.address || each.member?.role !== 'owner') continue;
    const has = await ports.store.credentials(each.member.id);
    if (has.every(({ kind }) => strength(each.method) >= strength(kind))) enough.push(each);
  }
  return enough;
}

async function page(
  c: Context<Env>,
  shared: Shared,
  who: Person,
  now: GivenNow | null,
  status: 200 | 403 | 422 = now === null || now.address === null ? 200 : 422,
): Promise<Response> {
  const { ports, looks, sessions } = shared;
  const mine = addressesOf(who.session).filter(({ tenant }) => tenant === who.tenant);
  const view: KeysView = {
    form: sessions.formToken(who.visitor),
    organisation: ports.tenants.find(({ id }) => id === who.tenant)?.branding.name ?? who.tenant,
    addresses: await Promise.all(
      mine.map(async ({ tenant, address }) => ({
        tenant,
        address,
        right: await rightAt({ tenant, address }, who.session, shared),
        keys: (await ports.keys.known(address)).filter(({ standing }) => standing !== 'rejected'),
      })),
    ),
    now,
  };
  return c.html(keysPage(looks.around(c, who.tenant, '/account/keys'), view), status);
}

type KeyForm = { readonly fields: URLSearchParams; readonly file: Buffer };

/** What a form brought, of the file at most one octet more than a key may have; null for what is no form, or too much of one. */
async function readForm(c: Context<Env>): Promise<KeyForm | null> {
  const boundary = boundaryOf(c.req.header('content-type') ?? '');
  const { body } = c.req.raw;
  if (boundary === null || body === null) return { fields: new URLSearchParams(), file: Buffer.alloc(0) };
  const fields = new URLSearchParams();
  let file: Buffer = Buffer.alloc(0);
  try {
    for await (const part of formParts(capped(body), boundary)) {
      const octets = await beginningOf(part);
      if (part.fileName === null) fields.set(part.name, octets.toString());
      else if (part.name === 'file') file = octets;
    }
  } catch (error) {
    if (!(error instanceof FormBroken)) throw error;
    return null;
  }
  return { fields, file };
}

async function* capped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > longestForm) throw new FormBroken('a form too long');
    yield chunk;
  }
}

async function beginningOf({ body }: FormPart): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (size < longestKey) chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, longestKey);
}
