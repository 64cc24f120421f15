/** Settings of the portal for one tenant: what recipients may write there, to its people and to nobody else, and what those who sent are told. */
import { newMessageRules, ownCopyRules, receiptRules, replyRules } from '../config.ts';
import * as kinds from '../kinds.ts';
import { section } from '../yaml.ts';
import { setting } from './setting.ts';

const senders = section({
  receipts: setting(
    kinds.choice(receiptRules).prefault('digest'),
    'Where no rule says otherwise (receipts: in a policy), senders are told that a message waits, who opened it and when, that it was answered, and\n' +
      'that it is about to end unread: silent (not at all), digest (once a day) or each (at once). What a reader asks of them, and what became of a\n' +
      'message they took back, they are told at once in any case. Receipts name no Subject but of messages that any rule lets be read outside.',
  ),
  digestHour: setting(
    kinds.wholeNumber(0, 23).prefault(7),
    'The hour at which digests leave, in the time zone of branding.',
  ),
  reminders: setting(
    kinds.listOf(kinds.duration(), 'a list of durations', 0, 5).prefault(['7d', '1d']),
    'How long before its end the reader of an unopened message is reminded, and its sender told. An empty list reminds nobody.',
  ),
  extendBy: setting(
    kinds.duration().prefault('30d'),
    'How much longer a message waits when its sender, or postern portal extend, says so.',
  ),
  longest: setting(
    kinds.duration().prefault('365d'),
    'How long a message may wait at most, from the day it began to, however often that is extended.',
  ),
});

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
  ownCopies: setting(
    kinds.choice(ownCopyRules).prefault('receipt'),
    'What recipients may ask to have by mail of an answer they write: off (nothing), receipt (when it was sent and how many files went with it, and\n' +
      'nothing of it; the answer stays in the portal as long as the message, and can be read there) or whole (all of it with its files, to the address\n' +
      'that was written to, over verified TLS or not at all; never of a message that a passphrase guards).',
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
  senders: setting(
    senders.prefault({}),
    'What senders are told of what waits in the portal, and what they may do about it.',
  ),
});
