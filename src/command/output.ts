/** How commands print: one JSON document with --json, else a table that lines up. */

export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Why a command failed: in the one document with --json, else on standard error. */
export function printFailure(error: string, json: boolean): void {
  if (json) printJson({ error });
  else process.stderr.write(`${error}\n`);
}

/** Columns as wide as their widest cell; control characters never reach the terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text from outside, safe to print on a terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}

export function time(at: number | null): string {
  return at === null || at === 0 ? '-' : new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}
