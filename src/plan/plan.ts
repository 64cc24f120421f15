/**
 * Verdict x capability -> plan: the methods to try for one recipient, in order, and what happens when none is left.
 * Pure. The next step after each attempt is plan/delivery.ts; the waiting times are plan/retry.ts.
 *
 *   level     | methods, in order        | with `otherwise: X`
 *   ----------+--------------------------+------------------------
 *   none      | none                     | none, then X
 *   transport | tls, smime, pgp, portal  | tls, then X
 *   message   | smime, pgp, portal       | smime, pgp, then X
 *   portal    | portal                   | portal, then X
 *   hold      | -                        | -
 *   refuse    | -                        | -
 *
 * - `smime` and `pgp` stay only with a usable key, `portal` only where the gateway has one. A plan may have no step at all: then
 *   `otherwise` happens at once (plan/delivery.ts, `noMethod`). Without an `otherwise` the end is bounce.
 * - X = portal is one more step, at the end. X = bounce and X = drop are what plan/delivery.ts does when no step is left.
 * - A message that is already encrypted (`alreadyEncrypted`) is not encrypted again: where a copy would be made it leaves as it is, and nothing is
 *   tried after that.
 * - A key counts as usable only when it is trusted as far as the rules demand, or as far as the tenant's settings do where no rule says.
 * - A rule's `methods` reorders and limits the level's own, and never adds one the level does not allow. An `otherwise` then
 *   cuts after the first kind of what remains: {tls}, {smime, pgp} and {portal} are the kinds.
 * - TLS: a `tls` step asks for the stricter of the tenant's minimum and what a rule demanded. Copies that are protected themselves travel
 *   by opportunistic TLS, as does the notification of the portal; but at level `message` a rule's TLS demand holds for the copies too,
 *   and at level `none` for the message as sent.
 *
 * The entry is planFor().
 */
import { type KeyTrust, keyTrusts, type TlsLevel, tlsLevels } from '../config/config.ts';
import type { Level, Method, Otherwise, Verdict } from '../policy/verdict.ts';

/** What is known of a recipient at the moment of planning. */
export type Capability = {
  /** Ids of usable keys in the keyring: trusted, valid now, meant for encryption, for exactly this address. */
  readonly pgpKeys: readonly string[];
  readonly certificates: readonly string[];
  /** How far each of them is trusted, by id; what is missing (kept by an older version) a person imported: confirmed. */
  readonly trust?: Readonly<Record<string, KeyTrust>>;
  /** Whether this gateway has a portal to wait in. */
  readonly portal: boolean;
  /** Sentences about what was looked up and why it can or cannot be used ("the OpenPGP key 0x… expired on …"). */
  readonly notes: readonly string[];
};

/** One thing to try. `none` leaves as sent with opportunistic TLS; the others are the methods of the design. */
export type Step = {
  readonly method: 'none' | Method;
  readonly tls: TlsLevel;
  readonly keys: readonly string[];
  /** What the recipient's domain demands of TLS is not asked for: the sender waived it (require-tls.ts). */
  readonly waived?: true;
  /** A message that came in is opened on its way to the tenant's mailbox (pipeline/opening.ts). */
  readonly opens?: true;
};

export type Plan =
  | {
      readonly kind: 'deliver';
      readonly steps: readonly Step[];
      /** What happens when no step is left: `portal` is then already the last step, so here it reads as bounce. */
      readonly otherwise: Otherwise;
      readonly because: readonly string[];
    }
  | { readonly kind: 'hold' | 'refuse'; readonly because: readonly string[] };

const methodsOf: Readonly<Record<Exclude<Level, 'hold' | 'refuse'>, readonly Step['method'][]>> = {
  none: ['none'],
  transport: ['tls', 'smime', 'pgp', 'portal'],
  message: ['smime', 'pgp', 'portal'],
  portal: ['portal'],
};

const kindOf = { none: 'plain', tls: 'wire', smime: 'copy', pgp: 'copy', portal: 'portal' } as const;

/**
 * The plan for the verdict's recipient. `tenantMinimum` and `tenantTrust` are what the tenant's settings say method `tls` must reach at least
 * and how far a key must be trusted.
 */
export function planFor(
  verdict: Verdict,
  capability: Capability,
  tenantMinimum: TlsLevel,
  tenantTrust: KeyTrust,
  alreadyEncrypted = false,
): Plan {
  const { level } = verdict;
  if (level === 'hold' || level === 'refuse') return { kind: level, because: [`level ${level}: nothing is sent`] };

  const because: string[] = [];
  const allowed = wantedMethods(level, verdict, because);
  const wanted = alreadyEncrypted ? leftAsItIs(allowed, because) : allowed;
  const steps: Step[] = [];
  const demanded = verdict.keyTrust ?? tenantTrust;
  for (const method of wanted) {
    const keys = usableKeys(method, capability, demanded);
    if (typeof keys === 'string') because.push(keys);
    else steps.push({ method, tls: wireLevel(method, verdict, tenantMinimum), keys });
  }
  if (wanted.some((method) => method === 'smime' || method === 'pgp')) because.push(...capability.notes);

  const portalIsLast = steps.at(-1)?.method === 'portal';
  const otherwise = verdict.otherwise === 'portal' && !portalIsLast ? 'bounce' : (verdict.otherwise ?? 'bounce');
  because.push(summary(steps, otherwise));
  return { kind: 'deliver', steps, otherwise, because };
}

function leftAsItIs(wanted: readonly Step['method'][], because: string[]): readonly Step['method'][] {
  const copy = wanted.findIndex((method) => kindOf[method] === 'copy');
  if (copy === -1) return wanted;
  because.push('the message is already encrypted by who wrote it, so it is not encrypted again');
  return [...wanted.slice(0, copy), 'none'];
}

/** The kinds of key that could make a difference for the recipient, now or once a person releases the message. */
export function usefulKeys(verdict: Verdict): readonly ('x509' | 'pgp')[] {
  const released = verdict.released === 'none' ? 'transport' : verdict.released;
  const level = verdict.level === 'hold' ? released : verdict.level;
  if (level === 'hold' || level === 'refuse') return [];
  const wanted = wantedMethods(level, verdict, []);
  return [...(wanted.includes('smime') ? ['x509' as const] : []), ...(wanted.includes('pgp') ? ['pgp' as const] : [])];
}

/** What the level and the rules allow, in order, before asking what is possible. */
function wantedMethods(
  level: keyof typeof methodsOf,
  { methods, otherwise }: Verdict,
  because: string[],
): readonly Step['method'][] {
  const allowed = methodsOf[level];
  let wanted = allowed;
  if (methods !== null && level !== 'none') {
    wanted = [...new Set(methods)].filter((method) => allowed.includes(method));
    because.push(`a rule limits the methods of level ${level} to: ${wanted.join(', ') || 'none that it allows'}`);
  }
  const first = wanted[0];
  if (otherwise === null || first === undefined) {
    return otherwise === 'portal' ? [...wanted, 'portal'] : wanted;
  }
  const kept = wanted.filter((method) => kindOf[method] === kindOf[first]);
  because.push(`otherwise ${otherwise}: only ${kept.join(' and ')} before it`);
  return otherwise === 'portal' && !kept.includes('portal') ? [...kept, 'portal'] : kept;
}

/** The keys for a method, or a sentence why it cannot be used. */
function usableKeys(method: Step['method'], capability: Capability, demanded: KeyTrust): readonly string[] | string {
  if (method === 'none' || method === 'tls') return [];
  if (method === 'portal') return capability.portal ? [] : 'portal is left out: this gateway has none';
  const [name, known] =
    method === 'smime' ? ['certificate', capability.certificates] : ['OpenPGP key', capability.pgpKeys];
  const trustOf = (id: string): KeyTrust => capability.trust?.[id] ?? 'confirmed';
  const keys = known.filter((id) => keyTrusts.indexOf(trustOf(id)) >= keyTrusts.indexOf(demanded));
  if (keys.length > 0) return keys;
  const [best] = known;
  if (best === undefined) return `${method} is left out: no usable ${name} for this recipient`;
  return `${method} is left out: the ${name} for this recipient is ${trustOf(best)}, and ${demanded} is demanded (postern keys trust ${best})`;
}

function wireLevel(method: Step['method'], verdict: Verdict, tenantMinimum: TlsLevel): TlsLevel {
  const demanded = verdict.tls ?? 'may';
  if (method === 'tls') return stricter(tenantMinimum, demanded);
  if (method === 'portal') return 'may';
  return method === 'none' || verdict.level === 'message' ? demanded : 'may';
}

export function stricter(a: TlsLevel, b: TlsLevel): TlsLevel {
  return tlsLevels.indexOf(a) >= tlsLevels.indexOf(b) ? a : b;
}

function summary(steps: readonly Step[], otherwise: Otherwise): string {
  const tried = steps.map(({ method, tls }) => (method === 'tls' ? `tls (${tls})` : method));
  const end = otherwise === 'drop' ? 'drop' : 'bounce';
  return tried.length === 0 ? `nothing to try: ${end}` : `to try: ${tried.join(', ')}; then ${end}`;
}
