/** What recipients may write to a tenant that is not in the settings any more: nothing. */
import type { Writing } from './config.ts';

export const noWriting: Writing = {
  replies: 'off',
  newMessages: 'off',
  receipts: false,
  maxAttachments: 0,
  keepDrafts: 0,
  perHour: 0,
};
