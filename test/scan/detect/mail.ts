/** The text of the real messages in the corpora, to see what the detectors find in ordinary mail. */
import { readdirSync, readFileSync } from 'node:fs';
import { simpleParser } from 'mailparser';
import { corpora } from './truth.ts';

const sets = [
  'mimekit',
  'stalwart-mail-parser',
  'james-mime4j',
  'ruby-mail',
  'enmime',
  'rspamd',
  'sisimai-bounces',
  'thunderbird-comm',
];

export type MailText = { readonly set: string; readonly file: string; readonly text: string };

/** Subject, text and HTML text of every message, one after the other. */
export async function* mailTexts(): AsyncIterable<MailText> {
  for (const set of sets)
    for (const path of readdirSync(new URL(`${set}/`, corpora), { recursive: true, encoding: 'utf8' })) {
      if (!/\.(?:eml|msg|raw|mbox)$/.test(path)) continue;
      const mail = await simpleParser(readFileSync(new URL(`${set}/${path}`, corpora)), {
        skipTextToHtml: true,
        skipTextLinks: true,
        skipImageLinks: true,
      }).catch(() => null);
      if (mail === null) continue;
      const attached = mail.attachments
        .filter(({ contentType }) => /^text\/|message\//.test(contentType))
        .map(({ content }) => content.toString('utf8'));
      yield { set, file: path, text: [mail.subject ?? '', mail.text ?? '', ...attached].join('\n') };
    }
}
