/**
 * Secrets: private keys in every usual wrapping, and tokens of cloud and code services by the prefixes these services give them so that
 * they can be found. A token must look random: placeholders ("AKIAXXXXXXXXXXXXXXXX") and the examples of documentation do not count.
 *
 * Limits: secrets without a known form (passwords, a vendor's own keys) are found only by a tenant's own patterns.
 */
import type { Match } from './detector.ts';
import type { Text } from './text.ts';

/**
 * RFC 7468 and its kin: PKCS#1, PKCS#8, SEC 1, OpenSSH, PGP (RFC 9580's armor), ssh.com. Behind it, within headers and line breaks (in JSON
 * spelt "\n"), real key material must follow: a mail may speak of such a line.
 */
const keyBlock =
  /-{4,5} ?BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}|-{5}BEGIN OpenVPN Static key V1-{5}/g;
const keyMaterial = /(?:^|[^A-Za-z0-9+/=])([A-Za-z0-9+/=]{32,80})/;
const otherKeys = [
  /(?<![A-Za-z0-9-])AGE-SECRET-KEY-1[A-Z0-9]{58}(?![A-Za-z0-9])/g,
  /PuTTY-User-Key-File-[123]: [a-z0-9-]{1,40}/g,
  // WireGuard
  /(?<![A-Za-z0-9])PrivateKey {0,3}= {0,3}[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=/g,
  // The private part of a JSON Web Key
  /"d" {0,3}: {0,3}"[A-Za-z0-9_-]{42,700}"/g,
];

export function* privateKey({ plain, whole, tokens }: Text): Iterable<Match> {
  for (const { written: head, start } of plain.includes('BEGIN ') ? whole.find(keyBlock) : []) {
    const end = start + head.length;
    const material = keyMaterial.exec(plain.slice(end, end + 600).replaceAll('\\n', '\n'))?.[1];
    if (material !== undefined && isRandom(material)) yield { start, end, value: material };
  }
  for (const pattern of otherKeys)
    for (const { written: value, start } of tokens.find(pattern)) yield { start, end: start + value.length, value };
}

/** Forms that services document; each is told by its prefix. */
const tokenForms: readonly string[] = [
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}', // AWS access key
  'AIza[A-Za-z0-9_-]{35}', // Google API key
  'GOCSPX-[A-Za-z0-9_-]{28}', // Google OAuth client secret
  'ya29\\.[A-Za-z0-9_-]{40,250}', // Google OAuth access token
  'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}',
  'gl(?:pat|dt|rt|ptt|soat|cbt|ft|agent)-[A-Za-z0-9_-]{20,64}',
  'xox[abeoprs]-[A-Za-z0-9-]{20,250}|xapp-\\d-[A-Za-z0-9-]{20,250}', // Slack
  '(?:sk|rk)_live_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{32,64}', // Stripe
  'npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,250}|dckr_pat_[A-Za-z0-9_-]{27}|rubygems_[0-9a-f]{48}',
  'sk-ant-[a-z0-9]{3,8}-[A-Za-z0-9_-]{80,120}|sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}|sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|hf_[A-Za-z]{34}',
  'SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}|key-[0-9a-f]{32}', // SendGrid, Mailgun
  'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dop_v1_[0-9a-f]{64}|dapi[0-9a-f]{32}|lin_api_[A-Za-z0-9]{40}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|hv[sb]\\.[A-Za-z0-9_-]{24,250}|ATATT3[A-Za-z0-9_=-]{60,250}',
  '\\d{8,10}:AA[A-Za-z0-9_-]{33}', // Telegram bot
  '[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}', // Microsoft Entra client secret
];
const prefixed = new RegExp(`(?<![A-Za-z0-9_-])(?:${tokenForms.join('|')})(?![A-Za-z0-9_])`, 'g');

/** Secrets without a prefix, told by the name before them. */
const namedTokens: readonly RegExp[] = [
  // AWS secret access key
  /(?<=aws_?secret(?:_?access)?_?key[^A-Za-z0-9+/\n]{1,6}|secret ?access ?key[^A-Za-z0-9+/\n]{1,6})[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/])/gi,
  // Azure storage account and service bus keys, shared access signatures
  /(?<=(?:Account|SharedAccess)Key=)[A-Za-z0-9+/]{43,86}={1,2}/g,
  /(?<=[?&]sig=)[A-Za-z0-9%+/]{40,70}={0,2}/g,
  // A signed token on its way to a service
  /(?<=Bearer )eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,800}/g,
  /https:\/\/hooks\.slack\.com\/services\/T[A-Z0-9]{6,14}\/B[A-Z0-9]{6,14}\/[A-Za-z0-9]{20,30}/g,
];

export function* cloudToken({ tokens }: Text): Iterable<Match> {
  for (const pattern of [prefixed, ...namedTokens])
    for (const { written: value, start } of tokens.find(pattern))
      if (isRandom(value) && !/EXAMPLE|example|xxxx|XXXX/.test(value))
        yield { start, end: start + value.length, value };
}

/** At least 40 % as many different characters as a short random text has, and no long row of one. */
function isRandom(value: string): boolean {
  return new Set(value).size >= Math.min(10, value.length * 0.4) && !/(.)\1{7}/.test(value);
}
