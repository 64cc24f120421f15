/** Messages made for tests of the scan, and the look through them. */
import { StructureParser } from '../../src/mail/structure.ts';
import type { Probe, ScanResult } from '../../src/policy/detection.ts';
import type { ScanJob, ScanPool } from '../../src/scan/job.ts';

export type PartOf = { readonly header: string; readonly octets: Uint8Array | string };

/** A part in base64. */
export function attached(octets: Uint8Array | string, type: string, name?: string): PartOf {
  const disposition = name === undefined ? '' : `Content-Disposition: attachment; filename="${name}"\r\n`;
  const encoded = Buffer.from(octets as string)
    .toString('base64')
    .replaceAll(/.{76}/g, '$&\r\n');
  return { header: `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${disposition}`, octets: encoded };
}

export function part(header: string, octets: Uint8Array | string): PartOf {
  return { header: `${header}\r\n`, octets };
}

export const plain = part('Content-Type: text/plain; charset=utf-8', 'Hello Bob,\r\n\r\nsee you on Monday.\r\n');

/** A message of one part. `header` is more header lines, each ended. */
export function message({ header, octets }: PartOf, more = 'Subject: Hello\r\n'): Buffer {
  const top = `From: alice@corp.example\r\nTo: bob@other.example\r\n${more}MIME-Version: 1.0\r\n${header}\r\n`;
  return Buffer.concat([Buffer.from(top, 'latin1'), Buffer.from(octets as string)]);
}

/** A part of several parts. */
export function mixed(...parts: readonly PartOf[]): PartOf {
  const octets = parts.flatMap((one) => [
    Buffer.from(`\r\n--=_x\r\n${one.header}\r\n`, 'latin1'),
    Buffer.from(one.octets as string),
  ]);
  return {
    header: 'Content-Type: multipart/mixed; boundary="=_x"\r\n',
    octets: Buffer.concat([...octets, Buffer.from('\r\n--=_x--\r\n')]),
  };
}

/** A message with a note and these attachments. */
export function withAttachments(...parts: readonly PartOf[]): Buffer {
  return message(mixed(plain, ...parts));
}

export function jobOf(octets: Uint8Array, probes: readonly Probe[] = []): ScanJob {
  const parser = new StructureParser();
  parser.push(octets);
  return {
    structure: parser.end(),
    probes,
    async *read({ start, end }) {
      for (let at = start; at < end; at += 65_536) yield octets.subarray(at, Math.min(end, at + 65_536));
    },
  };
}

/** What the pool finds in a message. */
export function scanOf(pool: ScanPool, octets: Uint8Array, probes: readonly Probe[] = []): Promise<ScanResult> {
  return pool.scan(jobOf(octets, probes));
}
