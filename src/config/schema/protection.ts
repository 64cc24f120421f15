/** Settings of the copies that leave as S/MIME or OpenPGP: what a rule may say otherwise for its messages (hideSubject, legacyDisplay, sign). */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { setting } from './setting.ts';

export const protection = section({
  hideSubject: setting(
    kinds.listOf(kinds.choice(['pgp', 'smime']), 'a list of methods', 0, 2).prefault(['pgp']),
    'Methods that show [...] outside and the real Subject only to who opens the message. Thunderbird, K-9 Mail, Mailvelope and GpgOL restore it\n' +
      'in OpenPGP mail. Outlook and Apple Mail, which most S/MIME recipients use, would show [...] for good, so their subject stays readable.',
  ),
  legacyDisplay: setting(
    kinds.flag().prefault(false),
    'Repeat a hidden Subject at the top of the text, for mail programs that do not restore it. Those that do take it out again.',
  ),
  sign: setting(
    kinds.flag().prefault(true),
    "Sign encrypted copies with the sender's key, or else the tenant's, where there is one.",
  ),
  form: setting(
    kinds.choice(['clear', 'opaque']).prefault('clear'),
    'Of S/MIME signatures: clear (beside the text, which every mail program shows) or opaque (around it, which careless relays cannot break).',
  ),
});
