/** What holds for a tenant that is not in the settings any more: recipients may write nothing to it, and its senders are treated as usual. */
import type { ForSenders, Writing } from './config.ts';

export const noWriting: Writing = {
  replies: 'off',
  newMessages: 'off',
  ownCopies: 'off',
  maxAttachments: 0,
  keepDrafts: 0,
  perHour: 0,
};

const day = 86_400_000;

export const usualForSenders: ForSenders = {
  receipts: 'digest',
  digestHour: 7,
  reminders: [7 * day, day],
  extendBy: 30 * day,
  longest: 365 * day,
};
