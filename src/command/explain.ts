/**
 * `postern explain --from A --to B MESSAGE.eml`: what would happen, nothing sent. The same functions decide as for real mail, with the keys that are in
 * the keyring now.
 */
import { createReadStream } from 'node:fs';
import type { Config, Tenant } from '../config/config.ts';
import { LineEnds } from '../ingress/normalise.ts';
import { addressKey, canonicalAddress, domainOf } from '../mail/address.ts';
import { StructureParser } from '../mail/structure.ts';
import { planRecipient } from '../pipeline/decide.ts';
import { loadPolicies, PolicyBroken } from '../pipeline/policies.ts';
import { type Explanation, explainText } from '../policy/explain.ts';
import { factsOf, noGroups } from '../policy/facts.ts';
import { printable, printFailure, printJson } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function explain(
  config: Config,
  words: readonly string[],
  options: { readonly json: boolean; readonly from: string | undefined; readonly to: readonly string[] },
): Promise<number> {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw new UsageError('postern explain takes one MESSAGE.eml.');
  if (options.from === undefined || options.to.length === 0)
    throw new UsageError('postern explain needs --from A and --to B.');
  const from = options.from === '' || options.from === '<>' ? '' : address(options.from, '--from');
  const recipients = options.to.map((to) => address(to, '--to'));
  const tenant = tenantOf(config, from);
  if (tenant === undefined) {
    printFailure(
      `No tenant of the configuration has the domain of ${from === '' ? 'the null sender' : from}.`,
      options.json,
    );
    return 1;
  }
  let explanation: Explanation;
  try {
    explanation = await explainMessage(config, tenant, { from, recipients }, file);
  } catch (error) {
    if (!(error instanceof PolicyBroken) && !isUnreadable(error, file)) throw error;
    const why =
      error instanceof PolicyBroken
        ? error.message
        : `${printable(file)} cannot be read. Check the path and who may read the file.`;
    printFailure(why, options.json);
    return 1;
  }
  if (options.json) printJson(explanation);
  else process.stdout.write(explainText(explanation));
  return 0;
}

async function explainMessage(
  config: Config,
  tenant: Tenant,
  envelope: { readonly from: string; readonly recipients: readonly string[] },
  file: string,
): Promise<Explanation> {
  const policy = loadPolicies([tenant]).of(tenant.id)?.policy;
  if (policy === undefined) throw new Error('a loaded policy is missing');
  const parser = new StructureParser();
  const lineEnds = new LineEnds();
  for await (const chunk of createReadStream(file)) parser.push(lineEnds.push(chunk as Buffer));
  parser.push(lineEnds.end());
  const facts = factsOf({
    structure: parser.end(),
    tenant: tenant.id,
    tenantDomains: tenant.domains,
    envelope,
    receivedAt: Date.now(),
    thread: null,
    groups: noGroups,
    scan: null,
  });
  const { store, close } = await openStorage(config);
  try {
    const deliveries: Explanation['deliveries'][number][] = [];
    for (const recipient of envelope.recipients) {
      const rows = await store.keysFor(addressKey(recipient));
      const now = Date.now();
      const { verdict, plan } = planRecipient({
        policy,
        facts,
        recipient,
        rows,
        tenant,
        portal: config.web !== null,
        now,
      });
      const steps = plan.kind === 'deliver' ? plan.steps : [];
      deliveries.push({
        recipient,
        level: verdict.level,
        rules: verdict.rules,
        because: [...verdict.because, ...plan.because],
        methods: steps.map((step) => step.method),
        otherwise: plan.kind === 'deliver' ? plan.otherwise : null,
        tls: steps.find((step) => step.method === 'tls')?.tls ?? verdict.tls ?? steps[0]?.tls ?? null,
        subject: verdict.subject,
      });
    }
    return { facts, policy: { file: policy.file, version: policy.version }, deliveries };
  } finally {
    await close();
  }
}

function tenantOf(config: Config, from: string): Tenant | undefined {
  const [only] = config.tenants;
  if (from === '') return config.tenants.length === 1 ? only : undefined;
  return config.tenants.find((tenant) => tenant.domains.includes(domainOf(from)));
}

function address(text: string, option: string): string {
  const canonical = canonicalAddress(text);
  if (canonical === null) throw new UsageError(`${option} needs an address like anna@corp.example.`);
  return canonical;
}

/** The message file's own trouble, not that of the data folder. */
function isUnreadable(error: unknown, file: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'EISDIR' || ('path' in error && error.path === file);
}
