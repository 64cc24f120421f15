#!/usr/bin/env node
/**
 * The command line (DESIGN section 6). Reads the arguments, loads the configuration where the command needs one, and hands over to
 * command/. Exit status: 0 done, 1 failed, 2 wrong usage. With --json, standard output carries one JSON document and nothing else; logs and
 * complaints go to standard error.
 */
import { parseArgs } from 'node:util';
import { check } from './command/check.ts';
import { domains } from './command/domains.ts';
import { explain } from './command/explain.ts';
import { startGateway } from './command/gateway.ts';
import { keys } from './command/keys.ts';
import { migrate } from './command/migrate.ts';
import { queue } from './command/queue.ts';
import { serve } from './command/serve.ts';
import { trace } from './command/trace.ts';
import { UsageError } from './command/usage.ts';
import { formatProblem, loadConfig } from './config/load.ts';
import type { Config } from './config/config.ts';
import { runSandbox } from './sandbox/sandbox.ts';

const usage = `Postern, a secure email gateway.

  postern sandbox [--once]                     pretend internet, gateway and sample mail; what npm start runs
  postern serve   --config FILE
  postern check   --config FILE                config, policies and their cases, certificates, DNS records
  postern explain --config FILE --from A --to B [--to C] MESSAGE.eml [--json]
  postern trace   --config FILE ID|MESSAGE-ID [--json]
  postern queue   --config FILE list|retry|hold|release|bounce [ID] [--json]
  postern domains --config FILE [check DOMAIN] [--json]
  postern keys    --config FILE list|import FILE|trust ID|reject ID [--json]
  postern migrate --config FILE

Passphrases of key files are asked for in the environment variable POSTERN_PASSPHRASE, never on the command line.
`;

/** What a command is given. It returns the exit status; a thrown UsageError becomes 2 with the usage. */
type Command = (context: {
  readonly config: Config;
  readonly words: readonly string[];
  readonly options: { readonly json: boolean; readonly from: string | undefined; readonly to: readonly string[] };
}) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  serve: ({ config }) => serve(config),
  check: ({ config }) => check(config),
  explain: ({ config, words, options }) => explain(config, words, options),
  trace: ({ config, words, options }) => trace(config, words, options.json),
  queue: ({ config, words, options }) => queue(config, words, options.json),
  domains: ({ config, words, options }) => domains(config, words, options.json),
  keys: ({ config, words, options }) => keys(config, words, options.json),
  migrate: ({ config }) => migrate(config),
};

async function main(args: readonly string[]): Promise<number> {
  const parsed = readArguments(args);
  if (parsed === null) return complain();
  const { values, positionals } = parsed;
  const [name = '', ...words] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (name === 'sandbox') return words.length > 0 ? complain() : runSandbox({ once: values.once, start: startGateway });
  const command = commands[name];
  if (command === undefined) return complain(name === '' ? 'No command given.' : `There is no command "${name}".`);
  if (values.config === undefined) return complain(`postern ${name} needs --config FILE.`);

  const loaded = loadConfig(values.config);
  for (const warning of loaded.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`);
  if (!loaded.ok) {
    for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`);
    return 1;
  }
  try {
    return await command({ config: loaded.config, words, options: { json: values.json, from: values.from, to: values.to } });
  } catch (error) {
    if (error instanceof UsageError) return complain(error.message);
    throw error;
  }
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
        from: { type: 'string' },
        to: { type: 'string', multiple: true, default: [] },
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
  process.stderr.write(`postern failed: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown error'}\n`);
  process.exitCode = 1;
}
