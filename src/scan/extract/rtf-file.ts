/** An RTF file: its text (rtf.ts), and then the files embedded in it, each in the form OLE 1 gave them. */
import { embeddedFile } from './embedded.ts';
import { once, type Source } from './octets.ts';
import { Rtf } from './rtf.ts';
import { type Site, unknownFile } from './site.ts';

export async function readRtf(site: Site, source: Source): Promise<void> {
  const objects: Buffer[] = [];
  let parts: Buffer[] = [];
  let held = 0;
  const rtf = new Rtf({
    shown: site.text(),
    beside: site.text(),
    object: (part) => {
      if (part === null) {
        if (parts.length > 0) objects.push(Buffer.concat(parts));
        parts = [];
        return;
      }
      const refused = site.budget.hold(part.length);
      if (refused !== null) {
        site.blind('limits', refused);
        return;
      }
      held += part.length;
      parts.push(part);
    },
  });
  for await (const chunk of source.stream()) rtf.push(chunk);
  rtf.end();
  for (const [index, object] of objects.entries()) {
    const file = embeddedFile(object);
    if (!(await site.member(index + 1, { ...unknownFile, fileName: file.name }, once(file.octets), file.octets.length)))
      break;
  }
  site.budget.release(held);
}
