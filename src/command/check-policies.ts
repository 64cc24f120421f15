/**
 * What `postern check` says of the tenants' policies: whether each parses, with its lists, what it extends and the tenant's groups; whether its cases
 * hold, those about whole messages by the same look into them as real mail gets; and what in it is hardly meant (policy/lint.ts).
 *
 * It reads the files as they are now. A gateway that runs may still decide by what it read before, and the page says so.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config, Tenant } from '../config/config.ts';
import { formatProblem } from '../config/load.ts';
import type { ExaminePorts } from '../pipeline/examine.ts';
import { type InForce, readTenant } from '../pipeline/policies.ts';
import { type FactsOfMessage, runCases } from '../policy/cases.ts';
import { lintPolicy } from '../policy/lint.ts';
import type { Policy } from '../policy/schema.ts';
import type { ScanPool } from '../scan/job.ts';
import { createScanPool } from '../scan/pool.ts';
import { tellProof } from './check-tls.ts';
import { examineBytes, MessageUnreadable, readMessageFile, structureOf } from './message-file.ts';
import { besidePolicy } from './policy.ts';

export type Findings = { readonly errors: string[]; readonly warnings: string[]; readonly fine: string[] };

/** Tenants that share their files are checked once. */
export async function checkPolicies(config: Config, findings: Findings): Promise<void> {
  const scan = createScanPool({ size: 1 });
  try {
    for (const sharing of Map.groupBy(config.tenants, ({ policy, groups }) => `${policy}\0${groups}`).values()) {
      const [tenant] = sharing;
      if (tenant !== undefined) await checkPolicy(tenant, config, scan, findings);
    }
  } finally {
    await scan.close();
  }
}

async function checkPolicy(tenant: Tenant, config: Config, scan: ScanPool, findings: Findings): Promise<void> {
  const file = tenant.policy;
  const reading = readTenant(tenant);
  if (!reading.ok) {
    findings.errors.push(...reading.problems.map(formatProblem));
    findings.warnings.push(`${file}: a gateway that runs keeps the policy it read before, until this is mended`);
    return;
  }
  const { policy } = reading.inForce;
  const read = besidePolicy(file);
  findings.warnings.push(
    ...lintPolicy(read(file), file, read).map(formatProblem),
    ...unknownGroups(tenant, reading.inForce),
  );
  for (const { name, tls } of policy.rules)
    if (tls !== null) tellProof(`${policy.file}: rule "${name}" demands TLS ${tls}`, tls, config, findings);
  const casesFile = file.replace(/\.ya?ml$/, '.cases.yaml');
  if (casesFile === file || !existsSync(casesFile)) {
    findings.warnings.push(`${file}: no cases prove this policy; write some in ${casesFile}`);
    return;
  }
  const messages = messageReader(policy, path.dirname(casesFile), config, scan);
  const { results, problems } = await runCases(policy, readFileSync(casesFile, 'utf8'), casesFile, messages);
  findings.errors.push(...problems.map(formatProblem));
  if (problems.length === 0)
    findings.fine.push(`${file}: parses, and all ${results.length} expectations of its cases hold`);
}

function unknownGroups({ id, policy, groups: file }: Tenant, { policy: { groups: asked }, groups }: InForce): string[] {
  const unknown = asked.filter((name) => !groups?.names.includes(name));
  const where = file === null ? `tenant ${id} has no setting groups` : `${file} has no such group`;
  return unknown.map(
    (name) =>
      `${policy}: a rule asks for the group "${name}", but ${where}: a rule that protects takes everyone for a member, one that overrides takes nobody`,
  );
}

/** Messages that cases name are looked through as if they had come in. */
function messageReader(policy: Policy, folder: string, config: Config, scan: ScanPool): FactsOfMessage {
  const ports: ExaminePorts = { scan: (job) => scan.scan(job), store: { threadLevel: () => Promise.resolve(null) } };
  return async (file, { from, to, domains }) => {
    try {
      const bytes = await readMessageFile(path.resolve(folder, file), config.smtp.maxMessageBytes);
      // When it came, its thread and the groups of its people are the case's own to say.
      const envelope = { from, recipients: to };
      const tenant = { id: domains[0] ?? '', domains };
      const structure = structureOf(bytes);
      return await examineBytes(bytes, { structure, policy, groups: null, tenant, envelope, receivedAt: 0 }, ports);
    } catch (error) {
      if (error instanceof MessageUnreadable) return null;
      throw error;
    }
  };
}
