/**
 * What each page is told, for those who write pages. A page is a function `(around: Around, data) => Page`: `around` is whose mail it is and in which
 * language and look, `data` one of these. Forms carry `form` (the token that says they come from our page) as a hidden field "form".
 */
import type { Proof } from '../policy/verdict.ts';
import type { AccessRequest, Credential, Invitation, MemberOfAddress, SessionLine } from '../store/portal-port.ts';

/** A way to prove who one is, as this message and this person can use it. */
export type Way = {
  readonly proof: Proof;
  /** Where its form posts to, or for `oidc` where its button leads. */
  readonly action: string;
  /** For `oidc`. */
  readonly provider?: 'microsoft' | 'google';
};

/** GET /d/ID before anything is proved: who wrote, when, until when, and the simplest way first. */
export type ArrivingView = {
  readonly deliveryId: string;
  readonly form: string;
  /** The sender's address, or empty. */
  readonly from: string;
  readonly sentAt: number;
  readonly expiresAt: number;
  /** "r***@clinic.example" */
  readonly address: string;
  /** In the order they are to be offered; the first is the page's one action. Never empty. */
  readonly ways: readonly Way[];
  /** What the message demands; a page says in one line what it protects against. */
  readonly demand: Proof;
  /** What is proved already and not enough, or null. */
  readonly proved: Proof | null;
  /** The agreed question; empty when only a passphrase was agreed. */
  readonly question: string;
};

/** GET /d/ID/code */
export type CodeView = {
  readonly deliveryId: string;
  readonly form: string;
  readonly address: string;
  /** Our own address, that the person may look for. */
  readonly sentFrom: string;
  /** The code this browser asked for, or a long one that any may type; null when there is none (it was asked for on another device). */
  readonly sent: {
    readonly at: number;
    readonly until: number;
    readonly long: boolean;
    /** What is known of the mail with it. `unknown`: kept here and on its way as far as we know. */
    readonly mail: 'on its way' | 'delivered' | 'delayed' | 'failed' | 'unknown';
  } | null;
  /** When the next code can be mailed; 0 for now. */
  readonly againAt: number;
  readonly problem: 'not-six-digits' | 'not-the-long-one' | 'dead' | 'not-sent' | { readonly triesLeft: number } | null;
  readonly minutes: number;
};

/** GET /d/ID/passphrase, /d/ID/password, /d/ID/authenticator and their POST answered with 422. */
export type SecretView = {
  readonly proof: 'passphrase' | 'password' | 'authenticator';
  readonly action: string;
  readonly form: string;
  readonly question: string;
  /** Null: not tried yet. `wrong`: not that; the same words whatever was wrong. */
  readonly problem: 'wrong' | null;
  /** Asked for the address too: on the sign-in page, where no message says it. */
  readonly askAddress: boolean;
};

/** POST answered with 429. */
export type WaitView = {
  readonly until: number;
  readonly back: string | null;
  readonly what: 'codes' | 'tries' | 'network';
};

/** GET /sign-in: for who has a passkey, a password or an account elsewhere. */
export type SignInView = {
  readonly form: string;
  /** Options of the passkey ceremony are fetched from here by passkey.js; the page works without it but for passkeys. */
  readonly passkeyOptions: string;
  readonly providers: readonly ('microsoft' | 'google')[];
  /** Whether the code of an app is taken now: after another proof. */
  readonly authenticator: boolean;
  readonly problem: 'wrong' | 'passkey' | 'oidc-address' | 'oidc' | null;
};

/** GET /account: who one is here, how one signs in, at which addresses, with whom, and where one is signed in. */
export type AccountView = {
  readonly form: string;
  /** Null while only the mailbox was proved: the page offers to enrol. */
  readonly member: { readonly id: string; readonly name: string } | null;
  readonly addresses: readonly {
    readonly tenant: string;
    readonly organisation: string;
    readonly address: string;
    readonly role: 'owner' | 'member' | null;
    readonly members: readonly MemberOfAddress[];
    /** Who was asked in and did not come yet; none for who does not manage the address. */
    readonly invited: readonly Pick<Invitation, 'member' | 'name' | 'until'>[];
    /** Of their own choice, null for the organisation's. */
    readonly phrase: string | null;
  }[];
  readonly credentials: readonly Credential[];
  readonly sessions: readonly (SessionLine & { readonly current: boolean })[];
  /** What was just done, to be said at the top, or what is wrong. */
  readonly said: AccountSaid | null;
};
export type AccountSaid =
  | 'passkey-added'
  | 'authenticator-added'
  | 'password-set'
  | 'removed'
  | 'joined'
  | 'invited'
  | 'left'
  | 'session-ended'
  | 'renamed'
  | 'phrase-saved'
  | 'stronger-proof-needed'
  | 'passkey-failed';

/** GET /account/authenticator: the secret as a picture and as text, and the first code to type. */
export type AuthenticatorView = {
  readonly form: string;
  /** An SVG element, ours, safe to insert raw. */
  readonly qr: string;
  /** In groups of four. */
  readonly secret: string;
  readonly problem: 'wrong' | null;
};

/** GET /account/password */
export type PasswordView = {
  readonly form: string;
  readonly minLength: number;
  readonly problem: 'short' | 'long' | 'common' | 'personal' | 'different' | null;
};

/** GET /d/ID/colleague: ask the sender to let a colleague in. */
export type ColleagueView = {
  readonly deliveryId: string;
  readonly form: string;
  readonly sender: string;
  readonly asked: readonly Pick<AccessRequest, 'colleague' | 'state' | 'askedAt'>[];
  readonly problem: 'address' | 'same' | 'many' | null;
};
