/**
 * Everything that happens, as one closed union. An event is one log line (event/log.ts), one audit row (store/) and, later, one
 * webhook and one counter. No event carries content: no subject, body, file name, token, code or key material.
 */
import type { DeliveryState } from '../plan/delivery.ts';
import type { Proof } from '../policy/verdict.ts';

type MessageEvent =
  | {
      kind: 'message.accepted';
      tenant: string;
      message: string;
      from: string;
      size: number;
      recipients: number;
      client: string;
    }
  | { kind: 'message.refused'; tenant: string | null; status: string; reason: string; client: string }
  | { kind: 'message.decided'; tenant: string; message: string; policy: string; deliveries: number }
  | { kind: 'message.held'; tenant: string; message: string; reason: string };

type DeliveryEvent = { message: string; delivery: string; recipient: string } & (
  | { kind: 'delivery.delivered'; method: string; status: string; mx: string | null; tls: string | null }
  | { kind: 'delivery.deferred'; method: string; status: string; reason: string; attempts: number; nextAt: number }
  /** The copy that was delivered was encrypted to this key. */
  | { kind: 'delivery.protected'; method: string; key: string; fingerprint: string; source: string; trust: string }
  /** What was found of a message that came in, once it was handed to the mailbox: as in the field X-Postern-Verdict. */
  | {
      kind: 'delivery.verdict';
      encryption: string;
      signature: string;
      signer: string | null;
      fingerprint: string | null;
    }
  /** A method could not work for good; the next one of the plan takes over. */
  | { kind: 'delivery.fellback'; method: string; next: string; status: string; reason: string }
  | { kind: 'delivery.failed'; method: string; status: string; reason: string }
  | { kind: 'delivery.dropped'; status: string; reason: string }
  | { kind: 'delivery.held'; reason: string }
  | { kind: 'delivery.released'; by: string }
  | { kind: 'delivery.waiting'; expiresAt: number }
  /** Its large files wait in the portal; the rest was delivered. */
  | { kind: 'delivery.linked'; expiresAt: number }
  /** `reader`: the name of the member who did, null when only the mailbox was proved. */
  | { kind: 'delivery.opened'; client: string; reader: string | null; proof: Proof }
  /** Read again, or by another reader; once for each session. */
  | { kind: 'delivery.read'; client: string; reader: string | null; proof: Proof }
  | { kind: 'delivery.downloaded'; client: string; reader: string | null }
  /** Who read it answered: wrote back, or said whether they come. `answer` is the message that carries it. */
  | { kind: 'delivery.answered'; client: string; reader: string | null; by: 'mail' | 'calendar'; answer: string }
  | { kind: 'delivery.expired' }
  /** The reader was reminded that it waits unopened, and until when. */
  | { kind: 'delivery.reminded'; expiresAt: number }
  /** It waits longer. `by`: a sender's address, or the command of an admin. */
  | { kind: 'delivery.extended'; expiresAt: number; by: string }
  /** Taken back, with the state it was in; `conversation` with everything else the sender wrote there. */
  | { kind: 'delivery.withdrawn'; by: string; was: DeliveryState; conversation: boolean }
);

type PortalEvent =
  | { kind: 'portal.codeSent'; delivery: string; client: string }
  | { kind: 'portal.codeWrong'; delivery: string; client: string; triesLeft: number }
  | { kind: 'portal.limited'; delivery: string | null; client: string; reason: string }
  /** Who reads was proved. `member` is an id, `address` empty for a passphrase, which is about one delivery alone. */
  | (PortalPlace & { kind: 'portal.proved'; delivery: string | null; member: string | null; method: Proof })
  | { kind: 'portal.proofWrong'; delivery: string | null; member: string | null; method: Proof; client: string }
  | (PortalPlace & { kind: 'portal.enrolled' | 'portal.unenrolled'; member: string; reader: string; method: Proof })
  | (PortalPlace & { kind: 'portal.joined' | 'portal.left'; member: string; reader: string })
  | (PortalPlace & { kind: 'portal.invited' | 'portal.uninvited'; member: string; reader: string })
  /** `address` is the colleague's. */
  | (PortalPlace & { kind: 'portal.accessAsked' | 'portal.accessAllowed' | 'portal.accessRefused'; delivery: string })
  /** The reader asks the sender that the message may wait longer. */
  | (PortalPlace & { kind: 'portal.timeAsked'; delivery: string })
  /** A new message to the tenant's people; `message` carries it. */
  | (PortalPlace & { kind: 'portal.wrote'; reader: string | null; message: string })
  | { kind: 'portal.signedOut'; sessions: number; client: string };

type PortalPlace = { tenant: string; address: string; client: string };

/** What became of a recipient's key. `source` is where it came from (store/key-port.ts). */
type KeyEvent = { key: string; address: string; fingerprint: string } & (
  | { kind: 'key.imported'; source: string }
  | { kind: 'key.trusted' | 'key.pinned' | 'key.rejected' }
  /** Taken without a person: the first of its kind, or the one that is there in a renewed certificate. */
  | { kind: 'key.found'; source: string; trust: string }
  /** Another key than the trusted one (`replaces`, null when only another waits): it waits for a person. */
  | { kind: 'key.changed'; source: string; replaces: string | null }
  | { kind: 'key.revoked'; reason: string }
);

/** What became of a key of a tenant's own; `address` is empty for one of the whole tenant and for an authority. */
type OwnKeyEvent = { tenant: string; key: string; address: string; fingerprint: string } & (
  | { kind: 'ownKey.imported' | 'ownKey.generated' | 'ownKey.issued' | 'ownKey.renewed' }
  | { kind: 'ownKey.revoked'; reason: string }
);

type PolicyEvent =
  | { kind: 'policy.loaded'; tenant: string; version: string }
  /** Said at once and every hour until it is mended; `error` is the first of `problems`, `version` what stays in force. */
  | {
      kind: 'policy.broken';
      tenant: string;
      file: string;
      line: number;
      column: number;
      error: string;
      problems: number;
      version: string;
    };

/** A certificate of ours (`setting` is "smtp.tls" or "web.tls") read again from its files. */
type CertificateEvent = { setting: string } /** In use from now on; `until` is its last second. */ & (
  | { kind: 'certificate.loaded'; until: string }
  /** Not taken, the one before stays in use. Said at once and every hour until it is mended. */
  | { kind: 'certificate.broken'; file: string; error: string }
);

type DomainEvent =
  /**
   * A domain does not keep what it promised (its own policy) or has shown before: mail to it waits or goes by the next method, and a person
   * should look.
   */
  | {
      kind: 'domain.downgraded';
      domain: string;
      /** The level it had shown, and what it shows now; null for nothing. */
      known: string | null;
      seen: string | null;
      reason: string;
    }
  /** A look at a domain's mail servers found something else than the one before. */
  | {
      kind: 'domain.changed';
      domain: string;
      /** level: of a server. servers: other MX records. certificate: one that ends soon, `is` being the day. */
      what: 'level' | 'servers' | 'mta-sts' | 'dane' | 'certificate';
      /** The mail server it is about; null for the domain as a whole. */
      host: string | null;
      /** Null for nothing. */
      was: string | null;
      is: string | null;
    };

/** A TLS report to another domain; `recipient` is the address or the web server it goes to. */
type TlsReportEvent = { domain: string; day: string; recipient: string } & (
  | { kind: 'tlsReport.sent' }
  | { kind: 'tlsReport.failed'; reason: string }
);

type ServiceEvent =
  | { kind: 'service.ready'; listening: string[] }
  | { kind: 'service.stopped' }
  /** Our fault or the machine's: `error` is the error's name and message, never content. */
  | { kind: 'service.failed'; component: string; error: string };

export type Event =
  | MessageEvent
  | DeliveryEvent
  | PortalEvent
  | KeyEvent
  | OwnKeyEvent
  | PolicyEvent
  | CertificateEvent
  | DomainEvent
  | TlsReportEvent
  | ServiceEvent;
export type EventKind = Event['kind'];
