/** What mail/tnef.ts finds in a winmail.dat: texts, and files with the messages attached. */
import { readTnef, type Tnef } from '../../mail/tnef.ts';
import { readHtml } from './html.ts';
import { once, Source } from './octets.ts';
import { readRtf } from './rtf-file.ts';
import { type Site, unknownFile } from './site.ts';

/** Members are numbered over the message and the messages attached to it. */
export async function readWinmail(site: Site, octets: Buffer): Promise<void> {
  let number = 0;
  const open: Tnef[] = [readTnef(octets)];
  for (let message = open.pop(); message !== undefined; message = open.pop()) {
    for (const problem of message.problems) site.blind('content', problem);
    await readTexts(site, message);
    for (const attachment of message.attachments) {
      number += 1;
      if (attachment.message !== null) open.push(attachment.message);
      const file = once(attachment.octets);
      if (!(await site.member(number, { ...unknownFile, fileName: attachment.name }, file))) return;
    }
  }
}

async function readTexts(site: Site, message: Tnef): Promise<void> {
  const writer = site.text();
  writer.write(`${message.subject}\n${message.text}\n${message.properties}\n`);
  writer.end();
  if (message.html !== '') {
    const html = readHtml(site.text(), site.text());
    html.write(message.html);
    html.end();
  }
  if (message.rtf !== '') await readRtf(site, new Source(once(Buffer.from(message.rtf, 'latin1'))));
}
