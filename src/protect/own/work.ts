/**
 * Does the jobs of jobs.ts, in the thread of worker.ts: makes private keys of the tenant, reads them from files (import.ts) and signs
 * revocation lists with them, and seals them before they leave (sealed.ts). The only other place where they are open is the pool that protects
 * mail (worker.ts).
 */
import { X509Certificate } from 'node:crypto';
import { Certificate, NameConstraints } from 'pkijs';
import { addressKey, domainOf } from '../../mail/address.ts';
import { type Issued, issueCertificate, issueRevocationList } from '../issue.ts';
import { makeOwnPgp, prolongOwnPgp, revokeOwnPgp } from '../openpgp/own.ts';
import { openText, SealBroken } from '../seal.ts';
import { extension, findExtension } from '../x509.ts';
import { importOwnKeys } from './import.ts';
import { type OwnKeyAnswer, type OwnKeyJob, ownKeyContext, type RevocationReason, type StoredKey } from './jobs.ts';
import { factsOf, sealedPgp, sealedX509 } from './sealed.ts';

type Job<Kind extends OwnKeyJob['kind']> = Extract<OwnKeyJob, { readonly kind: Kind }>;

const cannot = (why: string): OwnKeyAnswer => ({ kind: 'cannot', why });

export async function workOnOwnKeys(job: OwnKeyJob, ownKeys: Buffer): Promise<OwnKeyAnswer> {
  try {
    return await work(job, ownKeys);
  } catch (error) {
    if (error instanceof SealBroken)
      return cannot('The private key does not open: it was sealed under another master key, or altered.');
    throw error;
  }
}

async function work(job: OwnKeyJob, ownKeys: Buffer): Promise<OwnKeyAnswer> {
  switch (job.kind) {
    case 'authority':
      return makeAuthority(job, ownKeys);
    case 'certificate':
      return makeCertificate(job, ownKeys);
    case 'list':
      return { kind: 'list', der: signList(job, ownKeys) };
    case 'import':
      return importOwnKeys(job, ownKeys);
    case 'pgp': {
      const { address, wholeTenant } = job;
      return { kind: 'keys', keys: sealedPgp(await makeOwnPgp(job), [address], wholeTenant, ownKeys), problems: [] };
    }
    case 'prolong': {
      const opened = await prolongOwnPgp(open(job.key, ownKeys), job.now, job.notAfter);
      const addresses = job.mailbox === null ? opened.publicKeys.map(({ address }) => address) : [job.mailbox];
      const keys = sealedPgp(opened, addresses.slice(0, 1), false, ownKeys, job.key.id);
      return { kind: 'keys', keys, problems: [] };
    }
    case 'revokePgp': {
      const material = await revokeOwnPgp(open(job.key, ownKeys), job.mailbox, job.now, job.reason);
      return { kind: 'material', material };
    }
    default:
      return job satisfies never;
  }
}

function open(key: StoredKey, ownKeys: Buffer): string {
  return openText(ownKeys, key.sealed, ownKeyContext(key.id));
}

function makeAuthority(job: Job<'authority'>, ownKeys: Buffer): OwnKeyAnswer {
  const { name, domains, algorithm, notBefore, notAfter } = job;
  const issued = issueCertificate({
    subject: name,
    ca: true,
    mailDomains: domains,
    keyType: algorithm,
    notBefore,
    notAfter,
  });
  const facts = factsOf(issued.certPem, notBefore);
  return {
    kind: 'keys',
    keys: [sealedX509('ca', '', 'both', facts, issued.certPem, issued.keyPem, ownKeys)],
    problems: [],
  };
}

function makeCertificate(job: Job<'certificate'>, ownKeys: Buffer): OwnKeyAnswer {
  const { authority, address, name, algorithm, crlUrl, issuerUrl, notBefore, wholeTenant } = job;
  if (!/^[!-~]+$/.test(address))
    return cannot(`${address} cannot be put into a certificate: it has letters beyond ASCII.`);
  const domains = permittedDomains(authority.material);
  if (domains.length > 0 && !domains.includes(domainOf(address))) {
    return cannot(
      `The authority was made for ${domains.join(', ')}, not for ${domainOf(address)}. Make a new one: postern keys own ca`,
    );
  }
  const issuer: Issued = { certPem: authority.material, keyPem: open(authority, ownKeys) };
  const notAfter = Math.min(job.notAfter, new X509Certificate(authority.material).validToDate.getTime());
  if (notAfter <= Date.now()) return cannot('The authority has expired. Make a new one: postern keys own ca');
  const issued = issueCertificate({
    subject: name === '' ? address : name,
    issuer,
    san: { email: [address] },
    keyType: algorithm,
    notBefore,
    notAfter,
    crlUrl,
    issuerUrl,
  });
  const material = `${issued.certPem}${authority.material}`;
  const facts = factsOf(issued.certPem, notBefore);
  const row = wholeTenant ? '' : addressKey(address);
  return {
    kind: 'keys',
    keys: [sealedX509('x509', row, 'both', facts, material, issued.keyPem, ownKeys)],
    problems: [],
  };
}

function signList(job: Job<'list'>, ownKeys: Buffer): Buffer {
  const issuer: Issued = { certPem: job.authority.material, keyPem: open(job.authority, ownKeys) };
  const revoked = job.revoked.map(({ serial, revokedAt, reason }) => ({
    serial,
    at: revokedAt,
    reason: reasonCodes[reason],
  }));
  return issueRevocationList(issuer, { ...job, revoked });
}

/** RFC 5280 section 5.3.1. */
const reasonCodes: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessation: 5,
};

function permittedDomains(certPem: string): string[] {
  const constraints = findExtension(Certificate.fromBER(new X509Certificate(certPem).raw), extension.nameConstraints);
  if (constraints === null) return [];
  return (NameConstraints.fromBER(constraints).permittedSubtrees ?? []).map(({ base }) => String(base.value));
}
