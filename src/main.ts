#!/usr/bin/env node
/**
 * The command line (DESIGN section 6). Reads the arguments, loads the configuration where the command needs one, and hands over to
 * command/. Exit status: 0 done, 1 failed, 2 wrong usage. With --json, standard output carries one JSON document and nothing else; logs and
 * complaints go to standard error.
 */
import { parseArgs } from 'node:util';
import { printFailure } from './command/output.ts';
import { UsageError } from './command/usage.ts';
import type { Config } from './config/config.ts';
import { formatProblem, loadConfig } from './config/load.ts';

const usage = `Postern, a secure email gateway.

  postern sandbox [--once] [--messages N]      pretend internet, gateway and sample mail (and N more); what npm start runs
  postern serve   --config FILE
  postern check   --config FILE                config, policies and their cases, certificates, DNS records
  postern explain --config FILE --from A --to B [--to C] [--policy DRAFT.yaml] MESSAGE.eml [--json]
  postern policy  --config FILE [--tenant ID] [--json]         the policy with everything it inherits
  postern replay  --config FILE --policy DRAFT.yaml [--since 7d] [--tenant ID] [--json]
  postern trace   --config FILE ID|MESSAGE-ID [--json]
  postern queue   --config FILE list|retry|hold|release|bounce [ID] [--json]
  postern domains --config FILE [check DOMAIN|forget DOMAIN|publish DOMAIN [MX...]|report [PLACE]] [--json]
  postern keys    --config FILE list [WHO] [--waiting]|show ID|import FILE|trust ID|pin ID|reject ID|check [ADDRESS] [--json]
  postern keys    --config FILE own list|import FILE|generate ADDRESS|ca|issue ADDRESS|renew ID|revoke ID|show ID [--tenant ID]
                              [--name NAME] [--reason compromised|left|replaced|unused] [--whole-tenant] [--json]
  postern portal  --config FILE list|recall ID [--conversation]|extend ID [--json]      what waits there; taken back or kept longer
  postern people  --config FILE list ADDRESS|forget ADDRESS [--tenant ID] [--json]      who reads in the portal, and how they sign in
  postern migrate --config FILE

Passphrases of key files are asked for in the environment variable POSTERN_PASSPHRASE, never on the command line.
`;

/** What a command is given. It returns the exit status; a thrown UsageError becomes 2 with the usage. */
type Command = (context: {
  readonly config: Config;
  readonly words: readonly string[];
  readonly options: Options;
}) => Promise<number>;

type Options = {
  readonly json: boolean;
  readonly from: string | undefined;
  readonly to: readonly string[];
  readonly policy: string | undefined;
  readonly since: string | undefined;
  readonly tenant: string | undefined;
  readonly name: string | undefined;
  readonly reason: string | undefined;
  readonly wholeTenant: boolean;
  readonly waiting: boolean;
  readonly conversation: boolean;
};

/** Each is loaded when it is asked for: a trace needs no OpenPGP. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => {
    const { serve } = await import('./command/serve.ts');
    return ({ config, words }) => serve(noMore(config, words));
  },
  check: async () => {
    const { check } = await import('./command/check.ts');
    return ({ config, words, options }) => check(noMore(config, words), options.json);
  },
  explain: async () => {
    const { explain } = await import('./command/explain.ts');
    return ({ config, words, options }) => explain(config, words, options);
  },
  policy: async () => {
    const { policy } = await import('./command/policy.ts');
    return async ({ config, words, options }) => policy(noMore(config, words), options);
  },
  replay: async () => {
    const { replay } = await import('./command/replay.ts');
    return ({ config, words, options }) => replay(config, words, options);
  },
  trace: async () => {
    const { trace } = await import('./command/trace.ts');
    return ({ config, words, options }) => trace(config, words, options.json);
  },
  queue: async () => {
    const { queue } = await import('./command/queue.ts');
    return ({ config, words, options }) => queue(config, words, options.json);
  },
  domains: async () => {
    const { domains } = await import('./command/domains.ts');
    return ({ config, words, options }) => domains(config, words, options.json);
  },
  keys: async () => {
    const { keys } = await import('./command/keys.ts');
    const { ownKeys } = await import('./command/keys-own.ts');
    return ({ config, words, options }) =>
      words[0] === 'own' ? ownKeys(config, words.slice(1), options) : keys(config, words, options);
  },
  people: async () => {
    const { people } = await import('./command/people.ts');
    return ({ config, words, options }) => people(config, words, options);
  },
  portal: async () => {
    const { portal } = await import('./command/portal.ts');
    return ({ config, words, options }) => portal(config, words, options);
  },
  migrate: async () => {
    const { migrate } = await import('./command/migrate.ts');
    return ({ config, words, options }) => migrate(noMore(config, words), options.json);
  },
};

/** For commands that take no further words. */
function noMore(config: Config, words: readonly string[]): Config {
  const [word] = words;
  if (word !== undefined) throw new UsageError(`"${word}" is one word too many.`);
  return config;
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = readArguments(args);
  if (parsed === null) return complain();
  const { values, positionals } = parsed;
  const [name = '', ...words] = positionals;
  if (values.help || name === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  if (name === 'sandbox') {
    if (words.length > 0 || !/^\d{1,6}$/.test(values.messages)) return complain();
    return sandbox(values.once, Number(values.messages));
  }
  const command = commands[name];
  if (command === undefined) return complain(name === '' ? 'No command given.' : `There is no command "${name}".`);
  if (values.config === undefined) return complain(`postern ${name} needs --config FILE.`);

  const loaded = loadConfig(values.config);
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`);
  if (!loaded.ok) {
    printFailure(loaded.problems.map(formatProblem).join('\n'), values.json);
    return 1;
  }
  try {
    const run = await command();
    const {
      json,
      from,
      to,
      policy,
      since,
      tenant,
      name: called,
      reason,
      'whole-tenant': wholeTenant,
      waiting,
      conversation,
    } = values;
    const options = { json, from, to, policy, since, tenant, name: called, reason, wholeTenant, waiting, conversation };
    return await run({ config: loaded.config, words, options });
  } catch (error) {
    if (error instanceof UsageError) return complain(error.message);
    const { mistakeOf } = await import('./command/mistakes.ts');
    const mistake = mistakeOf(error, loaded.config);
    if (mistake === null) throw error;
    printFailure(mistake, values.json);
    return 1;
  }
}

async function sandbox(once: boolean, messages: number): Promise<number> {
  const { runSandbox } = await import('./sandbox/sandbox.ts');
  const { startGateway } = await import('./command/gateway.ts');
  return runSandbox({ once, messages, start: startGateway });
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        json: { type: 'boolean', default: false },
        once: { type: 'boolean', default: false },
        messages: { type: 'string', default: '0' },
        from: { type: 'string' },
        to: { type: 'string', multiple: true, default: [] },
        policy: { type: 'string' },
        since: { type: 'string' },
        tenant: { type: 'string' },
        name: { type: 'string' },
        reason: { type: 'string' },
        'whole-tenant': { type: 'boolean', default: false },
        waiting: { type: 'boolean', default: false },
        conversation: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : 'wrong arguments'}\n`);
    return null;
  }
}

function complain(message?: string): number {
  if (message !== undefined) process.stderr.write(`${message}\n\n`);
  process.stderr.write(usage);
  return 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Errors of ours carry no message content; anything else here is a bug, and its stack is what a report needs.
  process.stderr.write(
    `postern failed: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown error'}\n`,
  );
  process.exitCode = 1;
}
