/** Settings of TLS reports: those we send about others, and those others send about us. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { dkim } from './dkim.ts';
import { setting } from './setting.ts';

export const reporting = section({
  contact: setting(
    kinds.mailAddress(),
    'Whom other domains may ask about our reports. Its domain is the name we report under.',
    { example: 'postmaster@corp.example' },
  ),
  from: setting(kinds.mailAddress().optional(), 'Sender of the reports, in the same domain. Without it, contact.', {
    example: 'tls-reports@corp.example',
  }),
  organization: setting(
    kinds.text('a name', 'Write the name of the organisation.').optional(),
    'Our name in the reports. Without it, the domain of contact.',
    { example: 'Corp' },
  ),
  dkim: setting(
    dkim('the domain of contact', 'tlsrpt').optional(),
    'Signs the reports that go by mail. Receivers ignore those without a signature (DKIM).',
  ),
  mailbox: setting(
    kinds.mailAddress().optional(),
    'Where other domains should send their reports about yours: what postern domains publish puts into DNS. Without it, contact.',
    { example: 'tls-reports@corp.example' },
  ),
  maildir: setting(
    kinds.file('a folder').optional(),
    'Where that mailbox lies on this machine, as a Maildir: postern domains report reads what arrived there.',
    { example: '/var/mail/tls-reports' },
  ),
});
