import { createHash, type KeyObject, verify } from 'node:crypto';

/** A verifier of relaxed/relaxed, as RFC 6376 section 6.1.3 tells it. */
export function verifies(
  message: string,
  key: KeyObject,
): { body: boolean; header: boolean; tags: Record<string, string> } {
  const [head = '', ...rest] = message.split('\r\n\r\n');
  const fields = head.split(/\r\n(?![ \t])/).map((field) => {
    const at = field.indexOf(':');
    return { name: field.slice(0, at).toLowerCase(), value: field.slice(at + 1) };
  });
  const relaxed = (value: string) => value.replaceAll(/\s+/g, ' ').trim();
  const own = fields.shift()?.value ?? '';
  const tags = Object.fromEntries(
    own.split(';').map((tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).trim()]),
  );
  const body = rest
    .join('\r\n\r\n')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(' \r\n', '\r\n')
    .replace(/(?:\r\n)*$/, '\r\n');
  const left = [...fields];
  const covered = (tags['h'] ?? '').split(':').flatMap((name) => {
    const at = left.findLastIndex((field) => field.name === name.trim().toLowerCase());
    const [field] = at < 0 ? [] : left.splice(at, 1);
    return field === undefined ? [] : [`${field.name}:${relaxed(field.value)}\r\n`];
  });
  const unsigned = `dkim-signature:${relaxed(own.replace(/(;\s*b=)[^;]*/, '$1'))}`;
  const data = Buffer.from(covered.join('') + unsigned, 'latin1');
  const hash = (octets: string | Buffer) => createHash('sha256').update(octets).digest();
  const signature = Buffer.from((tags['b'] ?? '').replaceAll(/\s/g, ''), 'base64');
  const elliptic = key.asymmetricKeyType === 'ed25519';
  return {
    body: hash(Buffer.from(body, 'latin1')).toString('base64') === tags['bh'],
    header: elliptic ? verify(null, hash(data), key, signature) : verify('sha256', data, key, signature),
    tags,
  };
}
