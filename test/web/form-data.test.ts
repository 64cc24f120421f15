/** Forms with files, read as they arrive: whatever the chunks, whatever is in them. */
import { array, assert, asyncProperty, constantFrom, integer, oneof, record, string, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundaryOf, FormBroken, formParts } from '../../src/web/form-data.ts';

async function* inChunks(octets: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function read(octets: Buffer, boundary: string, chunk = 7, take: 'all' | 'some' | 'none' = 'all') {
  const found: { name: string; fileName: string | null; type: string; octets: Buffer }[] = [];
  for await (const { body, ...part } of formParts(inChunks(octets, chunk), boundary)) {
    const chunks: Uint8Array[] = [];
    if (take !== 'none')
      for await (const each of body) {
        chunks.push(each);
        if (take === 'some') break;
      }
    found.push({ ...part, octets: Buffer.concat(chunks) });
  }
  return found;
}

/** As a browser would send them. */
async function sent(form: FormData): Promise<{ octets: Buffer; boundary: string }> {
  const response = new Response(form);
  const boundary = boundaryOf(response.headers.get('content-type') ?? '') ?? '';
  return { octets: Buffer.from(await response.arrayBuffer()), boundary };
}

describe('a form with files', () => {
  test('comes out as it went in, however it is cut, and whether a part is read or not', async () => {
    const nasty = constantFrom('\r\n', '--', '\r\n--', '\r\n\r\n', 'naïve "x";\r\nX: y', '');
    await assert(
      asyncProperty(
        array(record({ name: oneof(string(), nasty), text: oneof(string(), nasty) }), { maxLength: 4 }),
        array(
          record({
            name: oneof(
              string({ minLength: 1 }),
              nasty.map((name) => `${name}.x`),
            ),
            octets: uint8Array({ maxLength: 300 }),
          }),
          {
            maxLength: 3,
          },
        ),
        integer({ min: 1, max: 200 }),
        async (fields, files, chunk) => {
          const form = new FormData();
          for (const { name, text } of fields) form.append(name, text);
          for (const { name, octets } of files) form.append('file', new Blob([octets]), name);
          const { octets, boundary } = await sent(form);
          const found = await read(octets, boundary, chunk);
          const lines = (text: string): string => text.toWellFormed().replaceAll(/\r\n|\r|\n/g, '\r\n');
          expect(found.map((part) => part.name)).toEqual([
            ...fields.map(({ name }) => lines(name)),
            ...files.map(() => 'file'),
          ]);
          expect(found.slice(0, fields.length).map((part) => part.octets.toString())).toEqual(
            fields.map(({ text }) => lines(text)),
          );
          expect(found.slice(fields.length).map((part) => [...part.octets])).toEqual(
            files.map((file) => [...file.octets]),
          );
          expect(found.slice(fields.length).every((part) => part.fileName !== null)).toBe(true);
          const names = found.map((part) => part.name);
          expect((await read(octets, boundary, chunk, 'none')).map((part) => part.name)).toEqual(names);
          expect((await read(octets, boundary, chunk, 'some')).map((part) => part.name)).toEqual(names);
        },
      ),
    );
  });

  test.each([
    ['ends in the middle of a file', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalf'],
    ['has no boundary', 'nothing of the kind'],
    ['is empty', ''],
    ['has a part that is no field', '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--'],
    ['has a header without end', `--b\r\n${'X: y\r\n'.repeat(5000)}`],
    ['has a boundary that goes on', '--bx\r\n\r\n--b--'],
    ['has a thousand parts', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'.repeat(1000)],
  ])('one that %s is refused', async (_, text) => {
    await expect(read(Buffer.from(text), 'b', 1000)).rejects.toThrow(FormBroken);
  });

  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data; charset=utf-8; boundary="a b"', 'a b'],
    ['multipart/form-data', null],
    ['multipart/mixed; boundary=abc', null],
    ['application/x-www-form-urlencoded', null],
    ['', null],
  ])('%j has the boundary %j', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary);
  });
});
