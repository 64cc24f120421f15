/**
 * What one setting cannot know of another: the checks across the whole file, after the schema has accepted each part. Pure; what
 * needs a file is in references.ts.
 */
import { domainOf } from '../mail/address.ts';
import type { Settings } from './schema.ts';
import type { Path, Problem, ProblemAt } from './yaml.ts';

export type Checked = { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

export function crossCheck(settings: Settings, problemAt: ProblemAt): Checked {
  const roles = checkRoles(settings, problemAt);
  const reporting = checkReporting(settings, problemAt);
  const tenants = checkTenants(settings, problemAt);
  return {
    problems: [
      ...roles.problems,
      ...checkPartners(settings, problemAt),
      ...checkRetry(settings, problemAt),
      ...checkDirectories(settings, problemAt),
      ...reporting.problems,
      ...tenants.problems,
    ],
    warnings: [...roles.warnings, ...reporting.warnings, ...tenants.warnings],
  };
}

function checkRoles(settings: Settings, problemAt: ProblemAt): Checked {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  if (settings.roles.includes('web') && settings.web === undefined) {
    const remedy = 'Add web: with portalUrl, or leave web out of roles.';
    problems.push(problemAt(['roles'], 'the role web has no settings to work with', remedy));
  }
  if (settings.roles.includes('smtp') && settings.smtp.tls === undefined) {
    const remedy = 'Add smtp.tls with key and cert.';
    warnings.push(problemAt(['smtp'], 'no smtp.tls: mail from the tenants comes in unencrypted', remedy));
  }
  return { problems, warnings };
}

function checkPartners({ smtp }: Settings, problemAt: ProblemAt): Problem[] {
  const problems: Problem[] = [];
  const owners = new Map<string, string>();
  for (const [index, partner] of smtp.partners.entries()) {
    const { name, tls, certificateSha256, certificateNames, trust, networks = [], domains = [] } = partner;
    const at = ['smtp', 'partners', index] as const;
    const agreed = certificateSha256.length > 0 || certificateNames.length > 0;
    if (smtp.tls === undefined) {
      const remedy = 'Add smtp.tls with key and cert.';
      problems.push(problemAt(at, `${name} must use TLS, which is not offered without smtp.tls`, remedy));
    }
    if (tls === 'certificate' && !agreed) {
      const remedy = 'Add certificateSha256 or certificateNames.';
      problems.push(problemAt([...at, 'tls'], `no certificate of ${name} would be good`, remedy));
    }
    if (tls === 'required' && agreed) {
      const remedy = 'Write tls: certificate, or leave the certificates out.';
      problems.push(problemAt(at, `the certificates of ${name} would not be asked for`, remedy));
    }
    if (trust.length > 0 && certificateNames.length === 0) {
      const remedy = 'Add certificateNames, or leave trust out.';
      problems.push(problemAt([...at, 'trust'], 'roots count only for certificateNames', remedy));
    }
    if (networks.length === 0 && domains.length === 0) {
      const remedy = 'Add networks, domains or both.';
      problems.push(problemAt(at, `nothing says what mail ${name} hands over`, remedy));
    }
    for (const [key, entries] of Object.entries({ networks, domains })) {
      for (const [place, entry] of entries.entries()) {
        const owner = owners.get(entry);
        owners.set(entry, name);
        if (owner === undefined) continue;
        const message = `${entry} is listed for ${owner} already, which counts`;
        problems.push(problemAt([...at, key, place], message, 'Remove it from one of the two.'));
      }
    }
  }
  return problems;
}

function checkRetry(settings: Settings, problemAt: ProblemAt): Problem[] {
  const { first, max, giveUpAfter, warnAfter } = settings.delivery.retry;
  const problems: Problem[] = [];
  if (first > max) {
    const remedy = 'Make delivery.retry.max the longer one.';
    problems.push(problemAt(['delivery', 'retry', 'first'], 'the first wait is longer than the longest', remedy));
  }
  if (warnAfter >= giveUpAfter) {
    const remedy = 'Make delivery.retry.giveUpAfter the longer one.';
    problems.push(problemAt(['delivery', 'retry', 'warnAfter'], 'the warning would come after giving up', remedy));
  }
  return problems;
}

function checkDirectories({ keys }: Settings, problemAt: ProblemAt): Problem[] {
  return keys.ldap.flatMap(({ url, tls, bind }, index) => {
    if (tls === 'verify') return [];
    const at = ['keys', 'ldap', index];
    const problems: Problem[] = [];
    const message = 'an ldaps URL is never in the clear';
    if (url.secure) problems.push(problemAt([...at, 'tls'], message, 'Write ldap://, or tls: verify.'));
    const password = 'the password would travel in the clear';
    if (bind !== undefined)
      problems.push(problemAt([...at, 'bind'], password, 'Write tls: verify, or leave bind out.'));
    return problems;
  });
}

function checkReporting({ reporting }: Settings, problemAt: ProblemAt): Checked {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  if (reporting === undefined) return { problems, warnings };
  const { contact, from = contact, dkim } = reporting;
  if (domainOf(from) !== domainOf(contact)) {
    // RFC 8460 section 5.3: receivers compare them.
    const remedy = 'Use addresses of one domain.';
    problems.push(problemAt(['reporting', 'from'], 'from and contact are in different domains', remedy));
  }
  if (dkim === undefined) {
    const remedy = 'Add reporting.dkim with selector and key.';
    warnings.push(problemAt(['reporting'], 'reports by mail are not signed, and receivers ignore such', remedy));
  }
  return { problems, warnings };
}

function checkTenants(settings: Settings, problemAt: ProblemAt): Checked {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const ids = new Set<string>();
  const owners = new Map<string, string>();
  for (const [index, tenant] of settings.tenants.entries()) {
    const at = ['tenants', index] as const;
    if (ids.has(tenant.id)) {
      problems.push(problemAt([...at, 'id'], `a second tenant called ${tenant.id}`, 'Give each tenant its own id.'));
    }
    ids.add(tenant.id);
    for (const [place, domain] of tenant.domains.entries()) {
      const owner = owners.get(domain);
      if (owner !== undefined) {
        const whose = owner === tenant.id ? `is listed twice for ${owner}` : `already belongs to tenant ${owner}`;
        const remedy = 'A domain belongs to one tenant: remove it from one of the two.';
        problems.push(problemAt([...at, 'domains', place], `${domain} ${whose}`, remedy));
      }
      owners.set(domain, tenant.id);
    }
    problems.push(...checkPins(tenant, at, problemAt), ...checkOpening(tenant, at, problemAt));
    if (tenant.ownKeys.renewBefore >= tenant.ownKeys.validFor) {
      const remedy = 'Make ownKeys.validFor the longer one.';
      problems.push(problemAt([...at, 'ownKeys'], 'keys would be renewed as soon as they are made', remedy));
    }
    const { networks, secretHeader } = tenant.proof;
    if (networks.length === 0 && secretHeader === undefined) {
      const remedy = 'Add proof.networks or proof.secretHeader; without proof anybody could send as this tenant.';
      problems.push(problemAt([...at, 'proof'], 'nothing proves that mail comes from this tenant', remedy));
    }
    if (tenant.platform !== 'generic' && secretHeader === undefined) {
      const remedy = 'Add proof.secretHeader, stamped by a rule of the tenant.';
      const message = `every customer of ${tenant.platform} sends from the same addresses; networks alone prove little`;
      warnings.push(problemAt([...at, 'proof'], message, remedy));
    }
    for (const [place, network] of networks.entries()) {
      if (!network.endsWith('/0')) continue;
      const remedy = 'Write the networks the tenant really sends from.';
      warnings.push(
        problemAt([...at, 'proof', 'networks', place], 'this network is the whole internet and proves nothing', remedy),
      );
    }
  }
  return { problems, warnings };
}

/** What was opened here travels on to the mailboxes, so that way must be as safe; and whoever could send mail in here past the platform could forge. */
function checkOpening(
  { opening, inbound, platform, proof }: Settings['tenants'][number],
  at: Path,
  problemAt: ProblemAt,
): Problem[] {
  if (opening === undefined) return [];
  const problems: Problem[] = [];
  if (inbound === undefined) {
    const remedy = 'Add inbound with the server of its mailboxes.';
    problems.push(problemAt([...at, 'opening'], 'opened mail has nowhere to go', remedy));
  } else if (inbound.tls === 'may' || inbound.tls === 'encrypt') {
    const message = `opened mail would travel on with tls: ${inbound.tls}, which anybody on the way can read`;
    problems.push(problemAt([...at, 'inbound', 'tls'], message, 'Write verify, secure or dane, or leave it out.'));
  }
  if (platform !== 'generic' && proof.secretHeader === undefined) {
    const message = `mail that comes in is told from that of other customers of ${platform} by the secret header alone`;
    problems.push(problemAt([...at, 'opening'], message, 'Add proof.secretHeader, stamped by a rule of the tenant.'));
  }
  return problems;
}

function checkPins({ pins, domains, inbound }: Settings['tenants'][number], at: Path, problemAt: ProblemAt): Problem[] {
  const seen = new Set<string>();
  return pins.flatMap(({ domain }, place) => {
    const here = [...at, 'pins', place, 'domain'];
    const twice = seen.has(domain);
    seen.add(domain);
    if (twice) return [problemAt(here, `${domain} is pinned twice`, 'Put all its mail servers into one pin.')];
    if (inbound === undefined || !domains.includes(domain)) return [];
    const remedy = 'Remove the pin, or inbound.';
    return [problemAt(here, `mail to ${domain} goes to the host named under inbound, whatever is pinned`, remedy)];
  });
}
