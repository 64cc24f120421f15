/**
 * A message opened: layer by layer from the outside in (layers.ts says what is around it now, a worker of the pool opens it), into temporary
 * places, until what is left is plain or stays closed. What comes out is described, not yet put together: `Opened.content` takes the place of
 * the message's body, or nothing does and the message stays as it came.
 *
 * The rule of the way: octets are believed only when the layer they came out of has ended well, and they replace the message only as a whole. A
 * layer of CBC, which has no end that shows anything, is believed when it holds no noise (noise.ts) or a signature right inside vouches for it.
 *
 * Signatures around an encryption say nothing of what is inside, as anybody can put one there; those inside the last encryption count.
 */
import { authorsOf, decodeValue, fieldsNamed } from '../../mail/header.ts';
import { type Structure, StructureParser } from '../../mail/structure.ts';
import { decodeTransfer } from '../../mail/text.ts';
import { type Entity, once, slice, structureOf, type WholeShape, whole, wholeShape, withCrlf } from './entity.ts';
import type { Shape } from './layers.ts';
import {
  type Blob,
  type Layer,
  type LayerJob,
  type LayerReport,
  noSignature,
  type OwnKey,
  type Refusal,
  type SignatureVerdict,
  type SignerKey,
  type Signing,
  type TemporaryWriter,
} from './opened.ts';
import type { OpenPool } from './pool.ts';

export type OpenPorts = {
  readonly pool: Pick<OpenPool, 'open'>;
  /** A fresh place for the octets of a layer; the caller removes it when the message is done with. */
  readonly temporary: () => Promise<TemporaryWriter>;
};

export type OpenQuestion = {
  /** The recipient's own keys; no others may open the message. */
  readonly keys: readonly OwnKey[];
  /** What may have signed for an author. */
  readonly signersOf: (author: string | null) => Promise<readonly SignerKey[]>;
  /** The verdict on the signature that counts, with what is known of its certificate's revocation. */
  readonly checkSigner: (signature: SignatureVerdict) => Promise<SignatureVerdict>;
  /** Epoch milliseconds. */
  readonly now: number;
};

export type Opened = {
  /** Outermost first. */
  readonly layers: readonly Layer[];
  /** What takes the place of the body, null when the message stays as it came. */
  readonly content: Entity | null;
  /** The innermost entity that was reached, whose header may be protected: `content` or what is signed clear inside it; null for none. */
  readonly payload: Entity | null;
  /** The one author outside, or null. */
  readonly author: string | null;
  /** Something protected lies among other parts. */
  readonly part: boolean;
  readonly signature: SignatureVerdict;
};

/** Layers that are opened at most. */
const maxDepth = 8;
/** Octets of a detached signature. */
const mostSignature = 1_048_576;

export async function openMessage(message: Blob, question: OpenQuestion, ports: OpenPorts): Promise<Opened> {
  const outer = { blob: message, structure: await structureOf(message) };
  const { mailboxes, ambiguous } = authorsOf(outer.structure.fields);
  const author = ambiguous ? null : (mailboxes[0]?.address ?? null);
  const signing = async (): Promise<Signing> => ({
    author,
    date: dateOf(outer.structure),
    keys: await question.signersOf(author),
    now: question.now,
  });
  const walk = new Walk(outer, question.keys, signing, ports);
  await walk.toTheEnd();
  const found = walk.result();
  const signature = await question.checkSigner(found.signature);
  const layers = found.layers.map((layer) =>
    layer.kind === 'signed' && layer.signature === found.signature ? { ...layer, signature } : layer,
  );
  return { ...found, layers, signature, author };
}

/** Whether there is anything to open or to verify, by the form of the message alone. */
export async function isProtected(message: Blob): Promise<boolean> {
  const shape = await wholeShape({ blob: message, structure: await structureOf(message) });
  return shape.kind !== 'plain';
}

/** Epoch milliseconds of the Date field, or null. */
function dateOf({ fields }: Structure): number | null {
  const [date] = fieldsNamed(fields, 'date');
  const at = date === undefined ? Number.NaN : Date.parse(decodeValue(date.raw).replace(/\(.*$/, ''));
  return Number.isNaN(at) ? null : at;
}

/** What was true before a layer that must be vouched for by the next. */
type Doubt = { readonly content: Entity | null; readonly payload: Entity | null; readonly layers: readonly Layer[] };

class Walk {
  readonly #keys: readonly OwnKey[];
  readonly #signing: () => Promise<Signing>;
  readonly #ports: OpenPorts;
  #entity: Entity;
  #layers: Layer[] = [];
  #content: Entity | null = null;
  #payload: Entity | null = null;
  #doubt: Doubt | null = null;
  #part = false;

  constructor(entity: Entity, keys: readonly OwnKey[], signing: () => Promise<Signing>, ports: OpenPorts) {
    this.#entity = entity;
    this.#keys = keys;
    this.#signing = signing;
    this.#ports = ports;
  }

  async toTheEnd(): Promise<void> {
    for (let depth = 0; ; depth += 1) {
      const shape = await wholeShape(this.#entity);
      if (shape.kind === 'plain') break;
      if (depth === maxDepth) {
        this.#close('smime', { code: 'too-large', why: 'The message is wrapped more often than is opened.' });
        break;
      }
      if (!(await this.#step(shape))) break;
    }
    if (this.#doubt === null) return;
    const method = this.#doubt.layers.at(-1)?.method ?? 'smime';
    const why =
      'The message is encrypted without protection against being altered, and what is inside looks altered. It was left closed.';
    ({ content: this.#content, payload: this.#payload } = this.#doubt);
    this.#layers = this.#doubt.layers.slice(0, -1);
    this.#close(method, { code: 'altered', why });
  }

  result(): Omit<Opened, 'author'> {
    const layers = this.#layers;
    const last = layers.findLastIndex(({ kind }) => kind !== 'signed');
    const inside = layers.slice(last + 1).flatMap((each) => (each.kind === 'signed' ? [each.signature] : []));
    const closed = layers.some(({ kind }) => kind === 'closed');
    const signature = closed
      ? noSignature
      : (inside.find(({ status }) => status === 'invalid') ?? inside.at(-1) ?? noSignature);
    return { layers, content: this.#content, payload: this.#payload, part: this.#part, signature };
  }

  /** One layer; whether there is something inside to go on with. */
  async #step(shape: Exclude<WholeShape, { kind: 'plain' }>): Promise<boolean> {
    switch (shape.kind) {
      case 'part':
        this.#part = true;
        return false;
      case 'broken': {
        const signature: SignatureVerdict = { ...noSignature, status: 'invalid', why: shape.why };
        this.#layers.push({ method: shape.method, kind: 'signed', signature });
        return false;
      }
      case 'cleartext': {
        const { covered, signature } = shape;
        this.#note('pgp', await this.#verified('pgp', signature, once(covered)));
        return false;
      }
      case 'beside':
        return this.#verify(shape);
      default:
        return this.#open(shape);
    }
  }

  /** A signature beside what it covers: the message keeps it, and what it covers is looked into. */
  async #verify({ method, covered, signature }: Extract<Shape, { kind: 'beside' }>): Promise<boolean> {
    const { blob } = this.#entity;
    const octets = await whole(decodeTransfer(blob.read(signature.body), signature.encoding), mostSignature);
    const inside = slice(blob, covered.header.start, covered.body.end);
    this.#note(method, await this.#verified(method, octets ?? Buffer.alloc(0), withCrlf(inside.read())));
    this.#entity = { blob: inside, structure: await structureOf(inside) };
    this.#payload = this.#entity;
    return true;
  }

  async #verified(
    method: 'smime' | 'pgp',
    signature: Buffer,
    covered: AsyncIterable<Uint8Array>,
  ): Promise<SignatureVerdict> {
    const kind = method === 'smime' ? 'cms-detached' : 'pgp-detached';
    const job: LayerJob = { kind, signature, signing: await this.#signing() };
    const report = await this.#ports.pool.open(job, covered, async () => {});
    return report.kind === 'signed' ? report.signature : invalid(report);
  }

  /** Something around the content, which comes out into a place of its own. */
  async #open({ method, content, inline }: Extract<Shape, { kind: 'around' }>): Promise<boolean> {
    const job: LayerJob = {
      kind: method === 'smime' ? 'cms' : 'pgp',
      keys: this.#keys,
      signing: await this.#signing(),
    };
    const input = decodeTransfer(this.#entity.blob.read(content.body), content.encoding);
    const place = await this.#ports.temporary();
    const parser = new StructureParser();
    const put = async (chunk: Uint8Array): Promise<void> => {
      parser.push(chunk);
      await place.write(chunk);
    };
    let report: LayerReport;
    try {
      if (inline) await put(inlineHeader);
      report = await this.#ports.pool.open(job, input, put);
      if (!isBelieved(report)) {
        await place.abort();
        return this.#stayClosed(method, report);
      }
    } catch (error) {
      await place.abort();
      throw error;
    }
    const entity = { blob: await place.finish(), structure: parser.end() };
    if (report.kind === 'decrypted') this.#decrypted(method, report);
    else if (report.kind === 'signed') this.#note(method, report.signature);
    this.#entity = entity;
    this.#content = entity;
    this.#payload = entity;
    return true;
  }

  #decrypted(method: 'smime' | 'pgp', { key, noise, signature }: Extract<LayerReport, { kind: 'decrypted' }>): void {
    const layer: Layer = { method, kind: 'encrypted', key };
    if (noise && this.#doubt === null)
      this.#doubt = { content: this.#content, payload: this.#payload, layers: [...this.#layers, layer] };
    this.#layers.push(layer);
    if (signature.status !== 'none') this.#layers.push({ method, kind: 'signed', signature });
  }

  #stayClosed(method: 'smime' | 'pgp', report: LayerReport): false {
    if (report.kind === 'refused') this.#close(method, report);
    else if (report.kind === 'signed' && report.signature.status !== 'none') this.#note(method, report.signature);
    return false;
  }

  #note(method: 'smime' | 'pgp', signature: SignatureVerdict): void {
    this.#layers.push({ method, kind: 'signed', signature });
    const computed = ['valid', 'mismatch', 'untrusted'].includes(signature.status);
    const rightInside = this.#doubt?.layers.length === this.#layers.length - 1;
    if (computed && rightInside) this.#doubt = null;
  }

  #close(method: 'smime' | 'pgp', { code, why }: Refusal): void {
    this.#layers.push({ method, kind: 'closed', refusal: { code, why } });
  }
}

/** What was decrypted, and what is wrapped in a signature that fits it. */
function isBelieved(report: LayerReport): boolean {
  if (report.kind === 'decrypted') return true;
  return report.kind === 'signed' && report.signature.status !== 'none' && report.signature.status !== 'invalid';
}

function invalid(report: LayerReport): SignatureVerdict {
  const why = report.kind === 'refused' ? report.why : 'The signature is damaged.';
  return { ...noSignature, status: 'invalid', why };
}

/** OpenPGP without MIME says nothing of its charset but, mostly, means UTF-8. */
const inlineHeader = Buffer.from('Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n');
