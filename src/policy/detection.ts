/**
 * What is looked for inside a message, and what comes of looking: the words policy and the scan (scan/) share.
 *
 * A detector kind is one sort of thing that must not leak. A probe is a text that the tenant's own policy asks for (its terms, patterns,
 * keywords in the body); the policy compiles it, the scan counts it. The result holds no text of the message: kinds, counts, places
 * and masked samples.
 */

/** Detector kinds as policies name them, and what each finds. `phi` and `pci` are scores, see scan/detect/combined.ts. */
export const detectorKinds = {
  phi: 'health information about a person: an identifier near health terms (score)',
  pci: 'payment data: a card number near what belongs to it (score)',
  card: 'payment card number',
  ssn: 'US Social Security number',
  itin: 'US individual taxpayer number',
  npi: 'US National Provider Identifier',
  mbi: 'US Medicare Beneficiary Identifier',
  dea: 'US DEA registration number',
  icd10: 'ICD-10 diagnosis code, in context',
  cpt: 'CPT procedure code, in context',
  mrn: 'medical record number, in context',
  birthDate: 'date of birth, in context',
  aba: 'US bank routing number, in context',
  iban: 'international bank account number',
  passport: 'passport number, in context',
  driverLicence: 'driving licence number, in context',
  ukNhs: 'UK NHS number',
  ukNino: 'UK National Insurance number',
  deTaxId: 'German tax identification number',
  deSocialSecurity: 'German social security number',
  deHealthInsurance: 'German health insurance number',
  esNif: 'Spanish tax number of a citizen (NIF)',
  esNie: 'Spanish number of a foreigner (NIE)',
  itFiscalCode: 'Italian fiscal code',
  frNir: 'French social security number (NIR)',
  nlBsn: 'Dutch citizen service number, in context',
  plPesel: 'Polish PESEL',
  fiHetu: 'Finnish personal identity code',
  sePersonnummer: 'Swedish personal identity number',
  ip: 'IP address',
  privateKey: 'private key',
  cloudToken: 'secret token of a cloud or code service',
} as const;
export type DetectorKind = keyof typeof detectorKinds;

/** Found in one part: `count` distinct values that no part before it had, so that the counts of all parts add up to the message's. */
export type Finding = {
  readonly kind: DetectorKind;
  /** For `phi` and `pci` the score. */
  readonly count: number;
  /** "subject", "file names", a part's path as in mail/structure.ts, or "2/3" for the third member of the archive in part 2. */
  readonly part: string;
  /** One value with all but its last characters masked, like "•••••6789". */
  readonly sample: string;
};

/** Texts of the message that a probe looks at. `firstLine`: the first line of the body that holds anything. */
export type ProbePlace = 'firstLine' | 'body' | 'attachments' | 'everywhere';

/** A text the policy asks for. Each term that stands there and each match of a pattern counts once per distinct value. */
export type Probe = {
  /** SHA-256 (hex, 32 characters) of all that follows, so that facts answer for a policy that asks the same under another name. */
  readonly id: string;
  readonly place: ProbePlace;
  /** Folded (keyword.ts). */
  readonly terms: readonly string[];
  /** RE2 patterns. */
  readonly patterns: readonly string[];
};

/** Why a place could not be looked into. `limits`: over a cap or deadline, as a bomb is; `content`: damaged, too large or of no known format; `password`: it needs one. */
export type Blind = {
  readonly doubt: 'limits' | 'content' | 'password';
  readonly part: string;
  /** A clause: "the archive unpacks to more than 64 MB". Holds nothing of the message. */
  readonly reason: string;
};

/** What the octets of a leaf part say it is. */
export type Looked = {
  readonly path: string;
  /** A media type, or null when the octets have no known signature. */
  readonly detected: string | null;
  /** It, or something in it, needs a password. */
  readonly encrypted: boolean;
  /** It is for the holder of a key alone, as its octets show. */
  readonly sealed?: true;
  /** Members of an archive (or of a winmail.dat), at any depth. */
  readonly members: readonly { readonly name: string; readonly detected: string | null; readonly size: number }[];
};

export type ScanResult = {
  readonly findings: readonly Finding[];
  /** Count by probe id; every probe that was asked has an entry. */
  readonly probes: Readonly<Record<string, number>>;
  readonly looked: readonly Looked[];
  readonly blind: readonly Blind[];
};
