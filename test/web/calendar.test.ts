/** An invitation in the portal: what the page tells of it, and the answer that goes to its organizer and to nobody else. */
import { expect, test } from 'vitest';
import { parseMeeting } from '../../src/mail/meeting.ts';
import { leaves, StructureParser } from '../../src/mail/structure.ts';
import { google, outlook, request } from '../mail/invitations.ts';
import { Client, type Site, startSite } from './site.ts';

/** As Outlook and Google send it: the same three times, the calendar among the alternatives and as a file. */
function mailOf(calendar: string): string {
  return [
    'From: Anna <anna@corp.example>',
    'To: robin@clinic.example',
    'Subject: Visit',
    'Message-ID: <invite@corp.example>',
    'Content-Type: multipart/mixed; boundary=m',
    '',
    '--m',
    'Content-Type: multipart/alternative; boundary=a',
    '',
    '--a',
    'Content-Type: text/plain',
    '',
    'Please come.',
    '--a',
    'Content-Type: text/calendar; method=REQUEST; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(calendar).toString('base64'),
    '--a--',
    '--m',
    'Content-Type: application/ics; name=invite.ics',
    'Content-Disposition: attachment; filename=invite.ics',
    '',
    calendar,
    '--m--',
    '',
  ].join('\r\n');
}

async function opened(site: Site, calendar: string, options = {}): Promise<{ client: Client; path: string }> {
  const client = new Client(site);
  const path = await client.open(await site.publish(mailOf(calendar), options));
  return { client, path };
}

/** The calendar part of a mail. */
function calendarIn(bytes: Buffer): string {
  const parser = new StructureParser();
  parser.push(bytes);
  const part = leaves(parser.end()).find(({ type }) => type === 'text/calendar');
  return part === undefined
    ? ''
    : Buffer.from(bytes.toString('latin1', part.body.start, part.body.end), 'base64').toString();
}

test('what, when, where, who, how it repeats', async () => {
  await using site = await startSite();
  const { client, path } = await opened(site, outlook);
  const { text } = await client.get(path);
  for (const said of [
    'Changed invitation',
    'Besprechung, Befund &amp; Fragen',
    'Raum 5; zweiter Stock',
    '13:00–14:00 UTC',
    'For the organiser: 15:00–16:00, ',
    'W. Europe Standard Time',
    'every 2 weeks on Tuesday and Thursday, until 31 December 2026; one date differs',
    '2 people are invited',
    'value="accepted"',
    'invite.ics',
  ])
    expect(text).toContain(said);
});

test('an answer goes to the organizer, is said on the page, and can be changed', async () => {
  await using site = await startSite();
  const { client, path } = await opened(site, google);
  const mails = site.mails.length;
  const answered = await client.press(path, `${path}/answer-invitation`, { coming: 'accepted' });
  expect([answered.status, answered.headers.location]).toEqual([303, `${path}#invitation`]);
  const [mail] = site.mails.slice(mails);
  expect(mail).toMatchObject({
    kind: 'answer',
    tenant: 'corp',
    to: 'anna@corp.example',
    mailFrom: 'secure-mail@corp.example',
  });
  const told = parseMeeting(calendarIn(mail?.bytes ?? Buffer.alloc(0)));
  expect(told).toMatchObject({
    method: 'reply',
    uid: '7kukuqrfedlm2f9t0m3a@google.com',
    attendees: [{ address: 'robin@clinic.example', status: 'accepted' }],
  });
  expect(told?.occurrence?.at).toBe(Date.UTC(2026, 10, 19, 14, 30));
  const header = mail?.bytes.toString().replaceAll('\r\n ', ' ');
  expect(header).toMatch(/^Reply-To: .*<?robin@clinic\.example>?\r$/m);
  expect(header).toMatch(/^References: <invite@corp\.example>\r$/m);
  const page = await client.get(path);
  expect(page.text).toMatch(/You accepted on /);
  expect(page.text).not.toContain('value="accepted"');

  // Pressed twice, it is answered once.
  await client.press(path, `${path}/answer-invitation`, { coming: 'accepted' });
  expect(site.mails).toHaveLength(mails + 1);
  await client.press(path, `${path}/answer-invitation`, { coming: 'declined' });
  expect(site.mails).toHaveLength(mails + 2);
  expect((await client.get(path)).text).toMatch(/You declined on /);
  const events = site.events.filter(({ kind }) => kind === 'delivery.answered');
  expect(events).toHaveLength(2);
  expect(JSON.stringify(events)).not.toMatch(/accepted|declined|Visit/);
});

test('what was answered is not readable in the database', async () => {
  await using site = await startSite();
  const client = new Client(site);
  const message = await site.publish(mailOf(google));
  const path = await client.open(message);
  await client.press(path, `${path}/answer-invitation`, { coming: 'tentative' });
  const row = await site.store.portal.byDelivery(message.deliveryId, site.clock.now);
  expect(row?.calendar).toBeTypeOf('string');
  expect(row?.calendar).not.toContain('tentative');
});

test.each([
  [
    'an organizer outside the tenant',
    google.replaceAll('mailto:anna@corp.example', 'mailto:anna@elsewhere.example'),
    {},
  ],
  ['an organizer at another tenant', google.replaceAll('mailto:anna@corp.example', 'mailto:anna@other.example'), {}],
  ['an organizer who is the reader', google, { recipient: 'anna@corp.example' }],
  ['a cancellation', google.replace('METHOD:REQUEST', 'METHOD:CANCEL'), {}],
  ['a publication', google.replace('METHOD:REQUEST', 'METHOD:PUBLISH'), {}],
  ['no organizer', request('SUMMARY:Visit').replace(/ORGANIZER.*\r\n/, ''), {}],
])('%s: told, but no answer is sent', async (_, calendar, options) => {
  await using site = await startSite();
  const { client, path } = await opened(site, calendar, options);
  const page = await client.get(path);
  expect(page.text).toContain('Visit');
  expect(page.text).not.toContain('answer-invitation');
  const mails = site.mails.length;
  await client.press(path, `${path}/answer-invitation`, { coming: 'accepted' });
  expect(site.mails).toHaveLength(mails);
});

test.each([
  ['nothing', {}],
  ['something else', { coming: 'delegated' }],
  ['a property', { coming: '__proto__' }],
])('%s is no answer', async (_, fields) => {
  await using site = await startSite();
  const { client, path } = await opened(site, google);
  const mails = site.mails.length;
  expect((await client.press(path, `${path}/answer-invitation`, fields)).status).toBe(303);
  expect(site.mails).toHaveLength(mails);
});

test('only who may read may answer, and only from our own page', async () => {
  await using site = await startSite();
  const message = await site.publish(mailOf(google));
  const base = `/d/${message.deliveryId}/answer-invitation`;
  const stranger = new Client(site);
  expect((await stranger.post(base, { coming: 'accepted', form: 'x' })).status).toBe(403);
  // Who has the link but no code may not.
  const withLink = new Client(site);
  const path = await withLink.arrive(message);
  expect((await withLink.press(path, base, { coming: 'accepted' })).status).toBe(403);
  // Somebody else's forms and sites are worth nothing.
  const reader = new Client(site);
  await reader.open(message);
  const form = await reader.formToken(path);
  expect((await reader.post(base, { coming: 'accepted' })).status).toBe(403);
  expect((await reader.post(base, { coming: 'accepted', form }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  const eve = new Client(site);
  await eve.open(await site.publish(mailOf(google), { recipient: 'eve@clinic.example' }));
  expect((await eve.post(base, { coming: 'accepted', form: await eve.formToken('/account') })).status).toBe(403);
  expect(site.mails.every(({ kind }) => kind === 'code')).toBe(true);
});

test.each([
  ['broken', 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART:x'],
  ['huge', request(`DESCRIPTION:${'x'.repeat(600_000)}`)],
  [
    'hostile',
    request(`SUMMARY:<script>alert(1)</script>\nLOCATION:"><img src=x>\nORGANIZER;CN=<b>:mailto:x@corp.example`),
  ],
])('a %s calendar leaves the page whole', async (name, calendar) => {
  await using site = await startSite();
  const { client, path } = await opened(site, calendar);
  const page = await client.get(path);
  expect(page.status).toBe(200);
  expect(page.text).toContain('Please come.');
  expect(page.text).not.toMatch(/<script>alert|<img src=x/);
  expect(page.text.includes('id="invitation"')).toBe(name === 'hostile');
});
