/**
 * `postern explain --from A --to B MESSAGE.eml`: what would happen, nothing sent. The same functions look through the message and decide as for
 * real mail, with the keys that are in the keyring now and those that would be found. The look for keys is a real one, but the keyring stays as
 * it is.
 */
import path from 'node:path';
import type { Config, Tenant } from '../config/config.ts';
import { formatProblem } from '../config/load.ts';
import type { Discovery } from '../keys/discover.ts';
import { addressKey, canonicalAddress, domainOf } from '../mail/address.ts';
import { parseHeader } from '../mail/header.ts';
import { hiddenSubject } from '../mail/header-protection.ts';

import type { ExaminePorts } from '../pipeline/examine.ts';
import { lookedFor, planRecipient, withLinks } from '../pipeline/planning.ts';
import { type InForce, readTenant } from '../pipeline/policies.ts';
import { formOf } from '../plan/form.ts';
import { wishOf } from '../plan/require-tls.ts';
import { type Explanation, explainText } from '../policy/explain.ts';
import type { Facts } from '../policy/facts.ts';
import { createScanPool } from '../scan/pool.ts';
import type { Store } from '../store/store.ts';
import { createKeyCheck, createKeySearch } from './key-search.ts';
import { examineBytes, MessageUnreadable, readMessageFile, structureOf } from './message-file.ts';
import { createOutbound } from './outbound.ts';
import { printFailure, printJson } from './output.ts';
import { openStorage } from './storage.ts';
import { UsageError } from './usage.ts';

export async function explain(
  config: Config,
  words: readonly string[],
  options: {
    readonly json: boolean;
    readonly from: string | undefined;
    readonly to: readonly string[];
    /** A draft to judge by, in place of the tenant's policy. */
    readonly policy: string | undefined;
  },
): Promise<number> {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw new UsageError('postern explain takes one MESSAGE.eml.');
  if (options.from === undefined || options.to.length === 0)
    throw new UsageError('postern explain needs --from A and --to B.');
  const from = options.from === '' || options.from === '<>' ? '' : address(options.from, '--from');
  const recipients = options.to.map((to) => address(to, '--to'));
  const owner = tenantOf(config, from);
  if (owner === undefined) {
    printFailure(nobodys(config, from), options.json);
    return 1;
  }
  const tenant = options.policy === undefined ? owner : { ...owner, policy: path.resolve(options.policy) };
  const reading = readTenant(tenant);
  if (!reading.ok) {
    printFailure(reading.problems.map(formatProblem).join('\n'), options.json);
    return 1;
  }
  let bytes: Buffer;
  try {
    bytes = await readMessageFile(file, config.smtp.maxMessageBytes);
  } catch (error) {
    if (!(error instanceof MessageUnreadable)) throw error;
    printFailure(error.message, options.json);
    return 1;
  }
  const explanation = await withPorts(config, (ports) =>
    explainMessage({ ...reading.inForce, tenant, envelope: { from, recipients }, bytes }, ports),
  );
  if (options.json) printJson(explanation);
  else process.stdout.write(explainText(explanation));
  return 0;
}

export type ExplainPorts = ExaminePorts & {
  readonly store: Pick<Store, 'keysFor' | 'threadLevel'>;
  /** Whether this gateway has a portal to wait in. */
  readonly portal: boolean;
  /** Finds recipients' keys without keeping them; null where no source of keys is set up. */
  readonly discovery: Discovery | null;
};

/** What would become of a message that came in now. */
export async function explainMessage(
  message: InForce & { readonly tenant: Tenant; readonly envelope: Facts['envelope']; readonly bytes: Buffer },
  ports: ExplainPorts,
): Promise<Explanation> {
  const { policy, tenant, envelope, bytes } = message;
  const structure = structureOf(bytes);
  const facts = await examineBytes(bytes, { ...message, structure, receivedAt: Date.now() }, ports);
  // REQUIRETLS is said in MAIL, which nobody did.
  const wish = wishOf(false, parseHeader(bytes), tenant.honourTlsRequiredNo);
  const deliveries: Explanation['deliveries'][number][] = [];
  for (const recipient of envelope.recipients) {
    const rows = await ports.store.keysFor(addressKey(recipient));
    const { portal, discovery } = ports;
    const input = { policy, facts, recipient, rows, tenant, wish, portal, now: Date.now() };
    const planned = await lookedFor(planRecipient(input), input, discovery);
    const { verdict, plan } = withLinks(planned, structure, portal);
    const steps = plan.kind === 'deliver' ? plan.steps : [];
    const [first] = steps;
    const hidden =
      first !== undefined && verdict.subject !== '' && formOf(first.method, verdict, tenant.protection).hideSubject;
    deliveries.push({
      recipient,
      level: verdict.level,
      rules: verdict.rules,
      because: [
        ...verdict.because,
        ...plan.because,
        ...(hidden ? [`The subject "${verdict.subject}" travels inside the copy.`] : []),
      ],
      methods: steps.map((step) => step.method),
      otherwise: plan.kind === 'deliver' ? plan.otherwise : null,
      tls: steps.find((step) => step.method === 'tls')?.tls ?? verdict.tls ?? steps[0]?.tls ?? null,
      subject: hidden ? hiddenSubject : verdict.subject,
    });
  }
  return { facts, policy: { file: policy.file, version: policy.version }, deliveries };
}

async function withPorts<T>(config: Config, work: (ports: ExplainPorts) => Promise<T>): Promise<T> {
  const { store, close } = await openStorage(config);
  const scan = createScanPool({ size: 1 });
  const outbound = createOutbound(config, store);
  const emit = () => {};
  const { statusOf: check, fresh } = createKeyCheck(config, outbound, { store: null, emit });
  const looking = { store, check, fresh, emit, now: Date.now, keep: false };
  const discovery = createKeySearch(config, outbound, looking);
  try {
    return await work({ store, scan: (job) => scan.scan(job), portal: config.web !== null, discovery });
  } finally {
    outbound.resolver.close();
    await scan.close();
    await close();
  }
}

function tenantOf(config: Config, from: string): Tenant | undefined {
  const [only] = config.tenants;
  if (from === '') return config.tenants.length === 1 ? only : undefined;
  return config.tenants.find((tenant) => tenant.domains.includes(domainOf(from)));
}

function nobodys(config: Config, from: string): string {
  const domains = config.tenants.flatMap((tenant) => tenant.domains).join(', ');
  const whose = from === '' ? 'The null sender could be of any tenant' : `No tenant has the domain of ${from}`;
  return `${whose}. Write --from with an address of one of these domains: ${domains}.`;
}

function address(text: string, option: string): string {
  const canonical = canonicalAddress(text);
  if (canonical === null) throw new UsageError(`${option} needs an address like anna@corp.example.`);
  return canonical;
}
