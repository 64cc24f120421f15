/**
 * The configuration file -> Config, or everything that is wrong with it, each with its place and what to do.
 *
 * The way through: yaml.ts reads the text against schema.ts, check.ts compares settings with each other, references.ts reads the
 * secrets, certificates and policies they point at. The only reader of the environment in the program.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { domainOf } from '../mail/address.ts';
import { brandingOf } from './branding.ts';
import { crossCheck } from './check.ts';
import type {
  Branding,
  Config,
  DkimKey,
  KeySettings,
  LdapDirectory,
  Opening,
  Reporting,
  SignInProvider,
  Tenant,
} from './config.ts';
import { readDatabase } from './kinds.ts';
import { type Environment, References } from './references.ts';
import { type Settings, settings as schema } from './schema.ts';
import { type Path, type Problem, type ProblemAt, parseYaml } from './yaml.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads `file` and everything it points at. `environment` stands in for the process's own in tests. */
export function loadConfig(file: string, options: { readonly environment?: Environment } = {}): LoadResult {
  const absolute = resolve(file);
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    const remedy = 'Name the configuration with --config FILE; deploy/config.example.yaml is a start.';
    return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message, remedy }], warnings: [] };
  }
  const parsed = parseYaml(text, file, schema);
  if (!parsed.ok) return { ok: false, problems: parsed.problems, warnings: [] };
  const { value: settings, problemAt } = parsed;
  const checked = crossCheck(settings, problemAt);
  const references = new References(dirname(absolute), options.environment ?? process.env, problemAt);
  const config = assemble(absolute, settings, references, problemAt);
  const problems = byPlace([...checked.problems, ...references.problems]);
  const warnings = byPlace([...checked.warnings, ...references.warnings]);
  if (config === null || problems.length > 0) return { ok: false, problems, warnings };
  return { ok: true, config, warnings };
}

/** `config.yaml:12:5: smtp.maxRecipients: expected a whole number, found "many". Write a number from 1 to 1000.` */
export function formatProblem(problem: Problem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${problem.file}:${problem.line}:${problem.column}: ${path}${problem.message}. ${problem.remedy}`;
}

/** What opens a protected key file, or null. Never from the command line, where every user of the machine can read it. */
export function passphrase(environment: Environment = process.env): string | null {
  return environment['POSTERN_PASSPHRASE'] ?? null;
}

/** Null when something it needs could not be read; the reason is then among the problems of `references`. */
function assemble(file: string, settings: Settings, references: References, problemAt: ProblemAt): Config | null {
  const { smtp, delivery, web } = settings;
  const database = readDatabaseSetting(settings.database, references, problemAt);
  const portalKey =
    web?.key === undefined ? null : references.sealingKey(web.key, ['web', 'key'], 'the key of the portal');
  // What only shows the portal, with a key for that, is not to have the other.
  const needsMaster = web?.key === undefined || settings.roles.some((role) => role !== 'web');
  const masterKey = needsMaster
    ? references.sealingKey(settings.masterKey, ['masterKey'], 'the master key')
    : Buffer.alloc(0);
  const smtpIdentity = smtp.tls === undefined ? null : references.identity(smtp.tls, ['smtp', 'tls']);
  const webIdentity = web?.tls === undefined ? null : references.identity(web.tls, ['web', 'tls']);
  const trust = delivery.trust.flatMap((path, index) => references.roots(path, ['delivery', 'trust', index]));
  const partners = smtp.partners.map((partner, index) => {
    const at = ['smtp', 'partners', index, 'trust'];
    const { networks = [], domains = [] } = partner;
    const roots = partner.trust.flatMap((path, place) => references.roots(path, [...at, place]));
    return { ...partner, networks, domains, trust: roots };
  });
  const keys = assembleKeys(settings.keys, references);
  const sends = settings.roles.includes('work');
  const tenants = settings.tenants.map((tenant, index) => assembleTenant(tenant, index, sends, references));
  if (masterKey === null || database === null) return null;
  return {
    file,
    hostname: settings.hostname,
    data: references.absolute(settings.data),
    database,
    roles: settings.roles,
    masterKey,
    smtp: {
      ...smtp,
      tls:
        smtpIdentity === null || smtp.tls === undefined ? null : { ...smtpIdentity, minVersion: smtp.tls.minVersion },
      partners,
    },
    delivery: { ...delivery, trust },
    dns: settings.dns,
    egress: settings.egress,
    keys,
    web:
      web === undefined
        ? null
        : {
            ...web,
            tls: webIdentity,
            http: plainHttpOf(web),
            key: portalKey,
            signIn: assembleSignIn(web.signIn, references),
          },
    log: settings.log,
    retention: settings.retention,
    reporting: settings.reporting === undefined ? null : assembleReporting(settings.reporting, references),
    tenants,
  };
}

function plainHttpOf({ http, portalUrl }: NonNullable<Settings['web']>): NonNullable<Config['web']>['http'] {
  if (http === undefined) return null;
  const { listen, url } = http;
  const port = listen.port === 80 ? '' : `:${listen.port}`;
  return { listen, url: url ?? `http://${new URL(portalUrl).hostname}${port}` };
}

function assembleKeys(keys: Settings['keys'], references: References): KeySettings {
  const ldap = keys.ldap.map(({ url, domains = null, trust, bind, ...directory }, index): LdapDirectory => {
    const at = ['keys', 'ldap', index];
    const roots = trust.flatMap((path, place) => references.roots(path, [...at, 'trust', place]));
    const password =
      bind === undefined ? '' : (references.secretText(bind.password, [...at, 'bind', 'password']) ?? '');
    return { ...directory, ...url, domains, trust: roots, bind: bind === undefined ? null : { dn: bind.dn, password } };
  });
  const roots = keys.roots.flatMap((path, index) => references.roots(path, ['keys', 'roots', index]));
  return { ...keys, ldap, roots };
}

function assembleSignIn(
  signIn: NonNullable<Settings['web']>['signIn'],
  references: References,
): NonNullable<Config['web']>['signIn'] {
  const assembled = (name: 'microsoft' | 'google'): SignInProvider | null => {
    const provider = signIn[name];
    if (provider === undefined) return null;
    const clientSecret = references.secretText(provider.clientSecret, ['web', 'signIn', name, 'clientSecret']) ?? '';
    return { ...provider, clientSecret };
  };
  return { microsoft: assembled('microsoft'), google: assembled('google') };
}

function assembleReporting(
  {
    contact,
    from = contact,
    mailbox = contact,
    organization = domainOf(contact),
    dkim,
    maildir,
  }: NonNullable<Settings['reporting']>,
  references: References,
): Reporting {
  const signer = assembleDkim(dkim, ['reporting', 'dkim', 'key'], references);
  const folder = maildir === undefined ? null : references.absolute(maildir);
  return { contact, from, mailbox, organization, dkim: signer, maildir: folder };
}

function assembleDkim(
  dkim: NonNullable<Settings['reporting']>['dkim'],
  at: Path,
  references: References,
): DkimKey | null {
  const key = dkim === undefined ? null : references.signingKey(dkim.key, at);
  return dkim === undefined || key === null ? null : { selector: dkim.selector, key };
}

function assembleTenant(
  tenant: Settings['tenants'][number],
  index: number,
  sends: boolean,
  references: References,
): Tenant {
  const at = ['tenants', index] as const;
  const { networks, secretHeader } = tenant.proof;
  const valuesAt = [...at, 'proof', 'secretHeader', 'values'];
  const valueHashes = (secretHeader?.values ?? []).flatMap(
    (value, place) => references.secretHash(value, [...valuesAt, place]) ?? [],
  );
  return {
    id: tenant.id,
    domains: tenant.domains,
    platform: tenant.platform,
    branding: assembleBranding(tenant, [...at, 'branding', 'logo'], references),
    proof: { networks, secretHeader: secretHeader === undefined ? null : { name: secretHeader.name, valueHashes } },
    policy: references.file(tenant.policy, [...at, 'policy']),
    groups: tenant.groups === undefined ? null : references.file(tenant.groups, [...at, 'groups']),
    inbound: tenant.inbound ?? null,
    minimumTls: tenant.minimumTls,
    pins: tenant.pins,
    honourTlsRequiredNo: tenant.honourTlsRequiredNo,
    keys: tenant.keys,
    protection: tenant.protection,
    dkim: sends ? assembleDkim(tenant.dkim, [...at, 'dkim', 'key'], references) : null,
    ownKeys: tenant.ownKeys,
    portal: tenant.portal,
    senders: {
      ...tenant.portal.senders,
      reminders: tenant.portal.senders.reminders.toSorted((a, b) => b - a),
    },
    opening: tenant.opening === undefined ? null : assembleOpening(tenant.opening, [...at, 'opening'], references),
  };
}

function assembleOpening(
  { returnHeader }: NonNullable<Settings['tenants'][number]['opening']>,
  at: Path,
  references: References,
): Opening {
  if (returnHeader === undefined) return { returnHeader: null };
  const value = references.headerSecret(returnHeader.value, [...at, 'returnHeader', 'value']) ?? '';
  return { returnHeader: { name: returnHeader.name, value } };
}

function assembleBranding(
  { branding, domains }: Settings['tenants'][number],
  at: Path,
  references: References,
): Branding {
  return brandingOf(branding, domains, branding.logo === undefined ? null : references.logo(branding.logo, at));
}

function readDatabaseSetting(
  setting: Settings['database'],
  references: References,
  problemAt: ProblemAt,
): string | null {
  if (typeof setting === 'string') return setting;
  const text = references.secretText(setting, ['database']);
  if (text === null) return null;
  const database = readDatabase(text);
  if (database === null) {
    const remedy = 'Put postgres://USER:PASSWORD@HOST/NAME there.';
    references.problems.push(problemAt(['database'], 'what is kept there is not a PostgreSQL URL', remedy));
  }
  return database;
}

function byPlace(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
