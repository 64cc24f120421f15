/** Settings of the way in: protected mail for the tenant's people, opened here with keys that this gateway holds for them. */
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { setting } from './setting.ts';

export const opening = section({
  returnHeader: setting(
    section(
      {
        name: setting(kinds.fieldName('X-Postern-Return'), 'Name of the field.', { example: 'X-Postern-Return' }),
        value: setting(kinds.secretFile('the value of the header'), 'File that holds its value.', {
          example: './secrets/corp-return',
        }),
      },
      true,
    ).optional(),
    'A header field put on what is handed back, a secret between this gateway and your mail platform: by it the rule that sends mail here knows what\n' +
      'has been here, and lets it pass. It must also remove this field, and X-Postern-Verdict from all other mail. Not X-Postern-Verdict itself:\n' +
      'anybody can write that.',
  ),
});
