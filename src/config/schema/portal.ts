/** Settings of what recipients may write in the portal, to the tenant's people and to nobody else. */
import { newMessageRules, replyRules } from '../config.ts';
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { setting } from './setting.ts';

export const portal = section({
  replies: setting(
    kinds.choice(replyRules).prefault('tenant'),
    'Whom recipients may answer from the portal, where no rule says otherwise (reply: in a policy): off (nobody), sender, tenant (everybody among\n' +
      'To and Cc who belongs to it) or everyone (the other recipients as well for whom the same message waits in the portal: they get the\n' +
      'answer there). Strangers are never written to. Answers go to inbound, over verified TLS at least.',
  ),
  newMessages: setting(
    kinds.choice(newMessageRules).prefault('off'),
    'To whom recipients may write new messages from the portal: off (nobody), known (who has written to them here) or anyone of the tenant.',
  ),
  receipts: setting(
    kinds.flag().prefault(true),
    'Let recipients ask for a receipt of their answer by mail. It says when it was sent and how many files went with it, and holds nothing of it: the\n' +
      'answer itself stays in the portal as long as the message, and can be read there.',
  ),
  maxAttachments: setting(
    kinds.size(0, 2_147_483_648).prefault('25MB'),
    'Largest attachments of one answer, together. In mail they are a third larger: 25MB fits the 36MB that Microsoft 365 takes by default.',
  ),
  keepDrafts: setting(
    kinds.duration().prefault('7d'),
    'How long a draft is kept after it was last written to, at most as long as the message it answers.',
  ),
  perHour: setting(
    kinds.wholeNumber(1, 10_000).prefault(20),
    'Answers and new messages that one recipient may send in an hour.',
  ),
});
