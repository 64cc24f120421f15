/**
 * `postern check`: everything that can be wrong before the first message: policies and their cases (check-policies.ts), certificates, DNS records. (The
 * configuration itself was checked on the way here.) Errors make the exit status 1; warnings are printed and do not.
 */
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { Config, Identity } from '../config/config.ts';
import { certificatesIn } from '../config/identity.ts';
import { rootsOf } from '../deliver/peer.ts';
import { createResolver } from '../net/dns.ts';
import { verifyPath } from '../protect/path.ts';
import { checkPolicies, type Findings } from './check-policies.ts';
import { tellProof } from './check-tls.ts';
import { mistakeOf } from './mistakes.ts';
import { printJson } from './output.ts';
import { checkPortalKey, openStorage } from './storage.ts';

const expirySoon = 14 * 24 * 60 * 60_000;

export async function check(config: Config, json: boolean): Promise<number> {
  const findings: Findings = { errors: [], warnings: [], fine: [`${config.file}: the configuration is complete`] };
  await checkPolicies(config, findings);
  for (const { id, minimumTls, inbound } of config.tenants) {
    tellProof(`tenant ${id}: minimumTls is ${minimumTls}`, minimumTls, config, findings);
    if (inbound?.tls === 'dane') tellProof(`tenant ${id}: inbound.tls is dane`, 'dane', config, findings);
  }
  const { trust } = config.delivery;
  if (config.smtp.tls !== null) checkIdentity('smtp.tls', config.smtp.tls, { name: config.hostname, trust }, findings);
  if (config.web !== null && config.web.tls !== null) {
    checkIdentity('web.tls', config.web.tls, { name: new URL(config.web.portalUrl).hostname, trust }, findings);
  }
  await checkStorage(config, findings);
  await checkNames(config, findings);
  const status = findings.errors.length === 0 ? 0 : 1;
  if (json) {
    printJson({ ok: findings.fine, warnings: findings.warnings, errors: findings.errors });
    return status;
  }
  for (const line of findings.fine) process.stdout.write(`ok       ${line}\n`);
  for (const line of findings.warnings) process.stdout.write(`warning  ${line}\n`);
  for (const line of findings.errors) process.stdout.write(`error    ${line}\n`);
  return status;
}

/** Who will look for the name of a server of ours, and the roots of a private network. */
type Shown = { readonly name: string; readonly trust: readonly string[] };

function checkIdentity(setting: string, identity: Identity, { name, trust }: Shown, findings: Findings): void {
  const certificate = new X509Certificate(identity.cert);
  const until = Date.parse(certificate.validTo);
  if (until < Date.now())
    findings.errors.push(`${setting}: the certificate expired on ${certificate.validTo}; renew it`);
  else if (Date.parse(certificate.validFrom) > Date.now())
    findings.errors.push(`${setting}: the certificate is valid only from ${certificate.validFrom}`);
  else if (certificate.checkHost(name) === undefined) {
    findings.errors.push(`${setting}: the certificate does not name ${name}; others will refuse it. Get one that does`);
  } else if (until < Date.now() + expirySoon)
    findings.warnings.push(`${setting}: the certificate expires soon, on ${certificate.validTo}`);
  else findings.fine.push(`${setting}: the certificate names ${name} and is valid until ${certificate.validTo}`);
  if (until >= Date.now()) checkChain(setting, identity, { name, trust }, findings);
}

/** Others see of the chain what the file sends them: few look for an issuer that is missing, and Exchange Online does not. */
function checkChain(setting: string, { cert }: Identity, { name, trust }: Shown, findings: Findings): void {
  const chain = (certificatesIn(cert) ?? []).map(({ certificate }) => certificate);
  const roots = rootsOf(trust).map((pem) => new X509Certificate(pem));
  const answer = verifyPath({ chain, roots, names: [name], now: new Date() });
  // the name was judged already
  if (answer.ok || answer.why.startsWith('is not made out')) return;
  const remedy = answer.why.endsWith('leads to no trusted root')
    ? 'add the certificates of its issuers to the file after its own, and a private root to delivery.trust'
    : 'those who verify it will refuse it';
  findings.warnings.push(`${setting}: the certificate ${answer.why}; ${remedy}`);
}

/** Opens what `serve` would open. A data folder that does not exist yet is only looked at from outside. */
async function checkStorage(config: Config, findings: Findings): Promise<void> {
  try {
    if (config.database === 'sqlite' && !existsSync(config.data)) {
      accessSync(path.dirname(config.data), constants.W_OK);
      findings.fine.push(`data: ${config.data} does not exist yet and can be made`);
      return;
    }
    const { store, close } = await openStorage(config);
    try {
      await checkPortalKey(config, store, false);
    } finally {
      await close();
    }
    findings.fine.push('database: opens, and the keys fit what is in it');
  } catch (error) {
    const mistake = mistakeOf(error, config);
    if (mistake === null) throw error;
    findings.errors.push(mistake);
  }
}

async function checkNames(config: Config, findings: Findings): Promise<void> {
  const resolver = createResolver(config.dns);
  const names = new Map([[config.hostname, 'hostname']]);
  if (config.web !== null) names.set(new URL(config.web.portalUrl).hostname, 'web.portalUrl');
  for (const [name, setting] of names) {
    const [a, aaaa] = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
    if (a.kind === 'found' || aaaa.kind === 'found')
      findings.fine.push(`${setting}: ${name} has an address in the DNS`);
    else if (a.kind === 'failed') {
      findings.warnings.push(
        `${setting}: ${name} could not be looked up (${a.reason}); mail cannot be routed while dns.servers do not answer`,
      );
    } else findings.warnings.push(`${setting}: ${name} has no address in the DNS; publish an A or AAAA record for it`);
  }
  resolver.close();
}
