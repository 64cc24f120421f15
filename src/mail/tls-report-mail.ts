/**
 * A TLS report as a message: a sentence for people, the report itself as a compressed attachment, and the header fields by which machines
 * find it. RFC 8460 section 5.3. It says that it would rather arrive in the clear than not at all (RFC 8689 section 3), since it may be about the very
 * TLS that is broken. The caller signs it (dkim.ts): unsigned reports are ignored.
 */
import { domainOf } from './address.ts';
import { encodeField } from './header.ts';

export type TlsReportMail = {
  readonly from: string;
  readonly to: string;
  /** The domain that the report is about. */
  readonly domain: string;
  /** As in the report. */
  readonly contact: string;
  /** Of the report: letters, digits, dots and hyphens. */
  readonly id: string;
  /** Right side of the Message-ID. */
  readonly hostname: string;
  readonly day: string;
  /** The report's file name, and its JSON under gzip. */
  readonly fileName: string;
  readonly compressed: Buffer;
  /** Epoch milliseconds. */
  readonly date: number;
};

/** Throws on an id that could not stand in a header. */
export function tlsReportMessage(mail: TlsReportMail): Buffer {
  const { domain, id, hostname } = mail;
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(id)) throw new TypeError('Not a report id');
  const submitter = domainOf(mail.contact);
  const boundary = `=_report_${id}`;
  const text = [
    `This is the TLS report of ${submitter} for ${domain}, about ${mail.day} (UTC).`,
    '',
    `It counts the connections to the mail servers of ${domain} and says which of them`,
    'did not go as the policies in its DNS want. The attachment is JSON (RFC 8460).',
    `Questions are answered by ${mail.contact}.`,
    '',
  ];
  const header = [
    encodeField('Date', new Date(mail.date).toUTCString().replace('GMT', '+0000')),
    encodeField('From', mail.from),
    encodeField('To', mail.to),
    encodeField('Subject', `Report Domain: ${domain} Submitter: ${submitter} Report-ID: <${id}@${submitter}>`),
    encodeField('Message-ID', `<${id}@${hostname}>`),
    encodeField('TLS-Report-Domain', domain),
    encodeField('TLS-Report-Submitter', submitter),
    encodeField('TLS-Required', 'No'),
    encodeField('Auto-Submitted', 'auto-generated'),
    encodeField('MIME-Version', '1.0'),
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n boundary="${boundary}"\r\n`,
  ].join('');
  const parts = [
    `Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${text.join('\r\n')}`,
    'Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n' +
      `Content-Disposition: attachment;\r\n filename="${mail.fileName}"\r\n\r\n${base64(mail.compressed)}`,
  ];
  const body = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return Buffer.from(`${header}\r\n${body}--${boundary}--\r\n`, 'latin1');
}

function base64(octets: Buffer): string {
  return octets.toString('base64').replaceAll(/.{76}(?=.)/g, '$&\r\n');
}
