/** Kinds of values that conditions on several topics share, and the comparison of a count with two limits. */
import * as z from 'zod';
import * as kinds from '../../config/kinds.ts';
import { type Path, says, section } from '../../config/yaml.ts';
import { type Condition, messageTest } from '../conditions.ts';
import type { Doubt, Facts } from '../facts.ts';
import type { Report } from '../lists.ts';

/** One value, or a list of them; the values of a list are ORed. */
export function oneOrMore<S extends z.ZodType>(item: S, expected: string) {
  const list = kinds.listOf(item, expected, 1, 10_000);
  const error = says(expected, 'Write one value, or several as [a, b].');
  return z.union([item.transform((value): z.output<S>[] => [value]), list], { error });
}

/** One text, or several. */
export function words(expected: string) {
  return oneOrMore(kinds.text(expected, 'Write it in quotes.'), expected);
}

const count = kinds.wholeNumber(0, 1_000_000).optional();
export const countSchema = section({ over: count, under: count });
const octets = kinds.size(0, Number.MAX_SAFE_INTEGER).optional();
export const sizeSchema = section({ over: octets, under: octets });

type Limits = z.output<typeof countSchema>;

/** Compiles `{ over, under }` on something counted. The name is as in "the message has 3 <name>". */
export function compileCount(name: string, of: (facts: Facts) => number, restsOn: readonly Doubt[] = []) {
  return (limits: Limits, at: Path, report: Report): Condition => {
    const { over = null, under = null } = limits;
    if (over === null && under === null) report(at, 'nothing to compare with', 'Write over or under.');
    if (over !== null && under !== null && over + 1 >= under)
      report(at, 'no number is over the one and under the other', 'Move them apart.');
    const asked = [over === null ? [] : [`over ${over}`], under === null ? [] : [`under ${under}`]].flat();
    return messageTest(
      (facts) => {
        const has = of(facts);
        const missed =
          over !== null && has <= over ? `over ${over}` : under !== null && has >= under ? `under ${under}` : null;
        const words = missed === null ? asked.join(' and ') : `not ${missed}`;
        return { holds: missed === null, reason: `the message has ${has} ${name}, ${words}` };
      },
      { restsOn },
    );
  };
}
