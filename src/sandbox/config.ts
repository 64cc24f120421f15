/**
 * The gateway's settings in the sandbox, as the same YAML file an admin would write, with the keys and certificates beside it: so that a newcomer
 * can read them, change them, and use every command of `postern` on a gateway that runs.
 */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Issued } from '../protect/issue.ts';
import { gatewayName, inboundHost, portalName, serverIdentity, tenantDomain } from './world.ts';

export type SandboxSettings = {
  /** Everything is written below it; made when missing. */
  readonly folder: string;
  readonly smtpPort: number;
  readonly webPort: number;
  /** The port of every pretend mail server. */
  readonly deliveryPort: number;
  /** The port of the pretend MTA-STS hosts and key directories; 443 when left out. */
  readonly policyPort?: number;
  /** "127.0.0.1:port" of the pretend DNS. */
  readonly dns: string;
  readonly authority: Issued;
  /** The text of the policy. */
  readonly policy: string;
  /** The text of a draft of the policy, to be replayed. */
  readonly draft?: string;
  /** The tenant's people get keys of their own at their first signature. */
  readonly signs?: true;
  /** The tenant has a name, a logo, a colour and a phrase of its own. */
  readonly branded?: true;
  /** What the tenant stamps on everything it sends; without it the network alone proves it. */
  readonly secretHeader?: { readonly name: string; readonly value: string };
  /** As in the configuration file, "2s". */
  readonly retry: {
    readonly first: string;
    readonly max: string;
    readonly giveUpAfter: string;
    readonly warnAfter: string;
  };
};

export type SandboxFiles = { readonly config: string; readonly authority: string; readonly draft: string };

/** Writes the folder and returns the paths of the configuration file, of the CA certificate and of the policy's draft. */
export function writeConfig(settings: SandboxSettings): SandboxFiles {
  const { folder, authority } = settings;
  mkdirSync(join(folder, 'tls'), { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const smtp = serverIdentity(authority, [gatewayName, 'localhost', '127.0.0.1']);
  const web = serverIdentity(authority, [portalName, '127.0.0.1']);
  write('tls/smtp-key.pem', smtp.key);
  write('tls/smtp-cert.pem', smtp.cert);
  write('tls/web-key.pem', web.key);
  write('tls/web-cert.pem', web.cert);
  write('master.key', `${randomBytes(32).toString('base64')}\n`);
  write('policy.yaml', settings.policy);
  const draft = write('draft.yaml', settings.draft ?? settings.policy);
  if (settings.branded === true) copyFileSync(new URL('logo.svg', import.meta.url), join(folder, 'logo.svg'));
  if (settings.secretHeader !== undefined) write('header-secret', `${settings.secretHeader.value}\n`);
  return { draft, authority: write('tls/ca.pem', authority.certPem), config: write('postern.yaml', yaml(settings)) };
}

const branding = `    branding:
      name: Corp Clinic
      logo: ./logo.svg
      accent: "#00695c"
      text:
        en: We use this page for everything that is only between you and us.
        de: Diese Seite nutzen wir für alles, was nur Sie und uns angeht.
        fr: Cette page nous sert pour tout ce qui ne regarde que vous et nous.
        es: Usamos esta página para todo lo que queda entre usted y nosotros.
        nl: Deze pagina gebruiken we voor alles wat tussen u en ons blijft.
      phrase: The heron stands by the river
      support: { phone: "+44 20 7946 0123", mail: help@${tenantDomain} }
`;

function yaml(settings: SandboxSettings): string {
  const { retry, secretHeader } = settings;
  const own = settings.signs === undefined ? '' : '    ownKeys: { generate: both, algorithm: p256 }\n';
  const stamped =
    secretHeader === undefined ? '' : `, secretHeader: { name: ${secretHeader.name}, values: [./header-secret] }`;
  return `# Written by the sandbox at its start. See deploy/config.example.yaml for every setting.
hostname: ${gatewayName}
data: ./data
database: sqlite
masterKey: { file: ./master.key }
smtp:
  listen: ["127.0.0.1:${settings.smtpPort}"]
  tls: { key: ./tls/smtp-key.pem, cert: ./tls/smtp-cert.pem }
delivery:
  # The pretend mail servers share this port, each on a loopback address of its own.
  port: ${settings.deliveryPort}
  # So do the web hosts with their MTA-STS policies.
  policyPort: ${settings.policyPort ?? 443}
  trust: [./tls/ca.pem]
  # Seconds instead of minutes, so that greylisting can be watched.
  retry: { first: ${retry.first}, max: ${retry.max}, giveUpAfter: ${retry.giveUpAfter}, warnAfter: ${retry.warnAfter} }
# The web hosts with people's keys have the same port.
keys: { wkdPort: ${settings.policyPort ?? 443} }
# It says which domains are signed (DNSSEC), and is on this machine.
dns: { servers: ["${settings.dns}"], trustAd: true }
# The whole pretend internet is on this machine.
egress: { allowPrivate: true }
web:
  listen: "127.0.0.1:${settings.webPort}"
  tls: { key: ./tls/web-key.pem, cert: ./tls/web-cert.pem }
  portalUrl: "https://${portalName}:${settings.webPort}"
tenants:
  - id: corp
    domains: [${tenantDomain}]
    platform: generic
    proof: { networks: ["127.0.0.0/8"]${stamped} }
    policy: ./policy.yaml
    inbound: { host: ${inboundHost}, port: ${settings.deliveryPort}, tls: verify }
${own}${settings.branded === undefined ? '' : branding}`;
}
