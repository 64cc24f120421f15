/**
 * One SMTP connection: smtp-server's conversation with our own DATA, replies and limits.
 *
 * What is ours: content is read by DotDecoder and handed to an Intake with back-pressure, without a stream between them; every refusal
 * carries the enhanced status we mean; commands that lead nowhere and errors are counted; the clock of limits.ts is kept.
 * The way through: a client or sender that partners.ts holds to TLS or a certificate is refused at MAIL; MAIL and RCPT are judged by envelope.ts,
 * handler_DATA() opens the Intake, #answer() says what became of it.
 *
 * Limits: smtp-server takes a bare LF for the end of a command line, which is harmless as content ends only at CRLF . CRLF.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import type { Partner } from '../config/config.ts';
import { canonicalAddress } from '../mail/address.ts';
import { chainOf } from '../protect/path.ts';
import type { Reply } from './admit.ts';
import { DotDecoder } from './dots.ts';
import { readEnvelope } from './envelope.ts';
import type { Limits, Place, Places } from './limits.ts';
import { lockOut, partnerOfSender } from './partners.ts';
import { type Desk, Intake } from './receive.ts';

/** What a connection needs of its listener. */
export type House = {
  readonly hostname: string;
  readonly desk: Desk;
  readonly limits: Limits;
  readonly places: Places;
  readonly partners: readonly Partner[];
  readonly newId: () => string;
  readonly now: () => number;
};

/** Whom a connection is with. */
export type Client = {
  readonly house: House;
  readonly place: Place;
  /** By the client's address. */
  readonly partner: Partner | null;
};

/** How long the greeting is held back, so that a client that talks before it is noticed; milliseconds. */
const greetingPause = 10;

/** Commands a message needs; all others are junk when there are too many of them. */
const mailCommands = new Set(['MAIL', 'RCPT', 'DATA', 'QUIT']);

export class Connection extends SMTPConnection {
  readonly #house: House;
  readonly #place: Place;
  readonly #partner: Partner | null;
  /** The message whose content is coming in. */
  #intake: Intake | null = null;
  /** From DATA to the reply to its end. */
  #inMessage = false;
  #junk = 0;
  #errors = 0;
  #leaving = false;

  constructor(server: SMTPServer, socket: Socket, options: SMTPConnectionOptions | null, client: Client) {
    super(server, socket, options);
    this.#house = client.house;
    this.#place = client.place;
    this.#partner = client.partner;
  }

  /** Ends the connection with a 421 as soon as it is not in the middle of a message. */
  leave(status: string, text: string): void {
    this.#leaving = true;
    if (!this.#inMessage) this.#farewell(status, text);
  }

  /** Ends the connection with a 421 whatever it does. */
  cut(status: string, text: string): void {
    this.#farewell(status, text);
  }

  override init(): void {
    this._setListeners(() => {
      setTimeout(() => this.connectionReady(), greetingPause);
    });
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const ours = typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data);
    super.send(code, data, ours ? false : context);
    if (code < 400 || code === 421) return;
    // 452 to one recipient too many is no error of the client's: it is told to send the rest in a next message
    if (code !== 452) this.#errors += 1;
    if (this.#errors > this.#house.limits.errors) super.send(421, '4.7.0 Too many errors', false);
  }

  override _createParser(): SMTPStream {
    const parser = new ContentParser({ maxCommandLength: this._server.options.maxCommandLength });
    parser.oncommand = (command, callback) => this._onCommand(command, callback);
    parser.on('error', () => {
      this.send(500, '5.5.2 Line too long');
      this.close();
    });
    return parser;
  }

  override _onCommand(command: Buffer, callback?: () => void): void {
    this.#place.awaitCommand(this.#house.now());
    const name = command.toString('latin1', 0, 16).split(' ', 1)[0] ?? '';
    if (!mailCommands.has(name.toUpperCase())) this.#junk += 1;
    if (this.#junk > this.#house.limits.junkCommands) {
      this.send(421, '4.7.0 Too many commands and no mail', false);
      return;
    }
    super._onCommand(command, callback);
  }

  override upgrade(callback: () => void, secureCallback?: () => void): void {
    this.#place.awaitHandshake(this.#house.now());
    super.upgrade(callback, secureCallback);
  }

  override _onClose(): void {
    this.#intake?.abort();
    this.#intake = null;
    this.#house.places.leave(this.#place);
    super._onClose();
  }

  // the names are smtp-server's, which finds handlers by them
  override handler_MAIL(command: Buffer, callback: () => void): void {
    const locked = this.#lockOut(command);
    if (locked === null) return super.handler_MAIL(command, callback);
    const { code, status, text } = locked.refusal;
    const reason = `Partner "${locked.partner.name}": ${text}`;
    this.#house.desk.emit({ kind: 'message.refused', tenant: null, status, reason, client: this.remoteAddress });
    this.send(code, `${status} ${text}`);
    callback();
  }

  override handler_DATA(command: Buffer, callback: () => void): void {
    const parser = this._parser;
    if (this.session.envelope.rcptTo.length === 0 || !(parser instanceof ContentParser)) {
      return super.handler_DATA(command, callback);
    }
    const intake = new Intake(this.#house.desk, this.#transaction());
    this.#intake = intake;
    this.#inMessage = true;
    this.#place.awaitData(this.#house.now());
    parser.receive({
      write: (content, octets) => this.#take(intake, content, octets),
      end: () => this.#answer(intake),
    });
    this.send(354, 'End data with <CR><LF>.<CR><LF>');
    callback();
  }

  override handler_VRFY(_command: Buffer, callback: () => void): void {
    this.send(502, '5.5.1 VRFY is not available');
    callback();
  }

  handler_EXPN(_command: Buffer, callback: () => void): void {
    this.send(502, '5.5.1 EXPN is not available');
    callback();
  }

  async #take(intake: Intake, content: Buffer, octets: number): Promise<void> {
    this.#place.received(octets, this.#house.now());
    if (content.length > 0) await intake.write(content);
    this.#place.awaitMore(this.#house.now());
    if (intake.isEndless) {
      this.send(552, '5.3.4 Message too big');
      this.close();
    }
  }

  async #answer(intake: Intake): Promise<void> {
    // what was received in full is decided even when the client is gone
    this.#intake = null;
    this.#place.atWork();
    const { code, status, text } = await intake.end();
    this.#inMessage = false;
    this.#junk = 0;
    if (code === 250) {
      this.#errors = 0;
      this.#place.accepted += 1;
    }
    this.#place.awaitCommand(this.#house.now());
    if (this._closed) return;
    this.send(code, `${status} ${text}`);
    this._transactionCounter += 1;
    this._unrecognizedCommands = 0;
    this._resetSession();
    if (this.#leaving) this.#farewell('4.3.2', 'Server shutting down');
  }

  #transaction() {
    const { envelope, hostNameAppearsAs, openingCommand } = this.session;
    const { recipients, smtp } = readEnvelope(envelope);
    const sender = envelope.mailFrom ? envelope.mailFrom.address : '';
    const socket = this._socket;
    const secure = this.secure && socket instanceof TLSSocket;
    const tls = secure
      ? { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName }
      : null;
    const reception = {
      helo: hostNameAppearsAs,
      clientIp: this.remoteAddress,
      hostname: this.#house.hostname,
      extended: openingCommand === 'EHLO',
      utf8: smtp.utf8,
      tls,
      id: this.#house.newId(),
      receivedAt: this.#house.now(),
    };
    return { reception, mailFrom: sender === '' ? '' : (canonicalAddress(sender) ?? ''), recipients, smtp };
  }

  #lockOut(mail: Buffer): { readonly partner: Partner; readonly refusal: Reply } | null {
    // smtp-server's own reading, source route taken off; what it or envelope.ts cannot read is refused by them, so it needs no partner
    const path = this._parseAddressCommand('MAIL FROM', mail);
    const sender = path === false ? null : canonicalAddress(path.address);
    const bySender = partnerOfSender(sender ?? '', this.#house.partners);
    for (const partner of new Set([this.#partner, bySender])) {
      if (partner === null) continue;
      const leaf = this._socket instanceof TLSSocket ? this._socket.getPeerX509Certificate() : undefined;
      const chain = leaf === undefined ? [] : chainOf(leaf);
      const refusal = lockOut(partner, this.secure ? chain : null, new Date(this.#house.now()));
      if (refusal !== null) return { partner, refusal };
    }
    return null;
  }

  #farewell(status: string, text: string): void {
    if (!this._closing && !this._closed) this.send(421, `${status} ${text}`, false);
    this._socket.destroySoon();
  }
}

/** Where the content goes. Neither call rejects. */
type ContentSink = {
  /** `octets`: how many arrived, dots included. */
  write(content: Buffer, octets: number): Promise<void>;
  end(): Promise<void>;
};

/** smtp-server's command parser, with content going to a sink instead of a stream. */
class ContentParser extends SMTPStream {
  #sink: ContentSink | null = null;
  #decoder = new DotDecoder();

  /** From here to the end of the content every octet goes to `sink`; then commands are read again. */
  receive(sink: ContentSink): void {
    this.#sink = sink;
    this.#decoder = new DotDecoder();
    this._dataMode = true;
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    void this.#feed(chunk, done);
  }

  async #feed(chunk: Buffer, done: (error?: Error | null) => void): Promise<void> {
    const sink = this.#sink;
    if (sink === null) return done();
    const { content, rest } = this.#decoder.push(chunk);
    await sink.write(content, chunk.length);
    if (rest === null) return done();
    this._dataMode = false;
    this._remainder = '';
    this.#sink = null;
    await sink.end();
    this._write(rest, 'buffer', done);
  }
}
