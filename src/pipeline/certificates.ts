/**
 * The certificates of our own servers, read again when their files change, so that a renewal needs no restart and no connection ends.
 *
 * A pair that is broken, does not belong together or has expired already is not taken: the one in use stays, which is said at once and every hour
 * until it is mended. A renewal writes two files one after the other; what lies between is seen at most once and taken for broken.
 */
import { readFileSync, statSync } from 'node:fs';
import type { FiledIdentity, Identity } from '../config/config.ts';
import { pairUp } from '../config/identity.ts';
import type { Event } from '../event/event.ts';
import { describe } from './accept.ts';
import { keepWatch, type Stamps, stampOf } from './watch.ts';

export type ServerCertificate = {
  /** As the setting is called: "smtp.tls". */
  readonly setting: string;
  /** In use. */
  readonly identity: FiledIdentity;
  /** Puts another one in use, for connections to come. */
  readonly use: (identity: Identity) => void;
};

export type Certificates = {
  /** Reads all of them again and says of each what came of it. */
  reload(): void;
  /** Takes over what changes from now on; returns the end of it. `every`: milliseconds between two looks. */
  watch(every?: number): () => void;
};

/** Octets. */
const maxFile = 1024 * 1024;

type Kept = ServerCertificate & {
  current: Identity;
  stamps: Stamps;
  /** What is wrong with the files as they are, and which of them. */
  problem: { readonly file: string; readonly error: string } | null;
};

export function keepCertificates(
  certificates: readonly ServerCertificate[],
  emit: (event: Event) => void,
  now: () => number = Date.now,
): Certificates {
  const all = certificates.map((each): Kept => {
    return { ...each, current: each.identity, stamps: stampsOf(each), problem: null };
  });
  const complain = ({ setting, problem }: Kept): void => {
    if (problem === null) return;
    const error = `${problem.error} The certificate read before stays in use.`;
    emit({ kind: 'certificate.broken', setting, file: problem.file, error });
  };
  const refresh = (kept: Kept, asked: boolean): void => {
    kept.stamps = stampsOf(kept);
    const reading = readPair(kept.identity.files, now());
    kept.problem = reading.ok ? null : reading;
    if (!reading.ok) return complain(kept);
    const { identity, until } = reading;
    const same = identity.key === kept.current.key && identity.cert === kept.current.cert;
    if (same && !asked) return;
    try {
      kept.use(identity);
    } catch (error) {
      kept.problem = { file: kept.identity.files.cert, error: `It cannot be used: ${describe(error)}.` };
      return complain(kept);
    }
    kept.current = identity;
    emit({ kind: 'certificate.loaded', setting: kept.setting, until: until.toISOString() });
  };
  return {
    reload: () => {
      for (const kept of all) refresh(kept, true);
    },
    watch: (every) => {
      // What changed since the configuration was read.
      for (const kept of all) refresh(kept, false);
      const watched = all.map((kept) => ({
        stamps: () => kept.stamps,
        changed: () => refresh(kept, false),
        remind: () => complain(kept),
      }));
      return keepWatch(watched, every);
    },
  };
}

function stampsOf({ identity }: ServerCertificate): Stamps {
  return new Map([identity.files.key, identity.files.cert].map((file) => [file, stampOf(file)]));
}

type Reading =
  | { readonly ok: true; readonly identity: Identity; readonly until: Date }
  /** `error` is one or two sentences. */
  | { readonly ok: false; readonly file: string; readonly error: string };

function readPair(files: FiledIdentity['files'], now: number): Reading {
  const [key, cert] = [read(files.key), read(files.cert)];
  if (key === null || cert === null) {
    const file = key === null ? files.key : files.cert;
    return { ok: false, file, error: `${file} cannot be read. Check that it is there and who may read it.` };
  }
  const paired = pairUp({ key, cert });
  if (!paired.ok) {
    const [first] = paired.problems;
    const file = first?.part === 'key' ? files.key : files.cert;
    return { ok: false, file, error: `${file}: ${first?.message ?? 'cannot be used'}. ${first?.remedy ?? ''}` };
  }
  const until = paired.leaf.validToDate;
  if (until.getTime() >= now) return { ok: true, identity: paired.identity, until };
  const error = `${files.cert}: the certificate expired on ${until.toISOString().slice(0, 10)}. Renew it.`;
  return { ok: false, file: files.cert, error };
}

function read(file: string): string | null {
  try {
    const { size } = statSync(file);
    return statSync(file).isFile() && size <= maxFile ? readFileSync(file, 'latin1') : null;
  } catch {
    return null;
  }
}
