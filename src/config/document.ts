export function exampleConfig(): string {
  throw new Error('not written yet');
}
