/** The values used last, by key: parsed certificates and keys, which cost more to parse than to use. Bounded, the longest unused goes. */
export class Recent<Value> {
  readonly #values = new Map<string, Value>();
  readonly #kept: number;

  constructor(kept: number) {
    this.#kept = kept;
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    const oldest = this.#values.keys().next();
    if (this.#values.size > this.#kept && oldest.done !== true) this.#values.delete(oldest.value);
  }
}
