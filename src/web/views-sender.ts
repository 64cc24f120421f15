/** What the pages for senders are told (pages/sender.ts). */
import type { AccessRequest } from '../store/portal-port.ts';

/** GET /sent/ID before the sender is proved. */
export type SenderDoorView = {
  readonly id: string;
  readonly form: string;
  /** "a***@corp.example" */
  readonly address: string;
  /** The newest code that this browser asked for, or that any browser may type: the long one. */
  readonly sent: { readonly at: number; readonly until: number; readonly long: boolean } | null;
  readonly problem: 'not-six-digits' | 'not-the-long-one' | 'dead' | 'not-sent' | { readonly triesLeft: number } | null;
};

export type SentRecipient = {
  readonly recipient: string;
  /**
   * `over`: opened, and its time has ended. `linked`: delivered, and its large files wait. `unread`, `read`, `stopped`, `textOnly` (once `linked`): taken
   * back, and how it was before.
   */
  readonly state:
    | ('waiting' | 'opened' | 'over' | 'unread' | 'read' | 'stopped' | 'delivered' | 'linked' | 'textOnly')
    | ('failed' | 'moving');
  /** Until when it waits; 0 where it does not. */
  readonly until: number;
  readonly happened: readonly {
    readonly kind: 'delivery.opened' | 'delivery.read' | 'delivery.downloaded' | 'delivery.answered';
    readonly reader: string | null;
    readonly at: number;
  }[];
  readonly requests: readonly Pick<AccessRequest, 'id' | 'colleague' | 'askedBy' | 'state'>[];
};

/** GET /sent/ID */
export type SentView = {
  readonly id: string;
  readonly form: string;
  readonly sentAt: number;
  readonly recipients: readonly SentRecipient[];
  readonly recallable: boolean;
  /** Until when it waits once it is extended; null when it cannot be. */
  readonly extendTo: number | null;
};
