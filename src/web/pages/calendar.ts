/** An invitation on the page of its message: what, when, where, who, how it repeats, and the answer. */
import { html } from 'hono/html';
import type { When } from '../../mail/ical-zone.ts';
import type { Coming } from '../../mail/itip.ts';
import { formatDay, formatDays, formatSpan } from '../../mail/language.ts';
import type { Meeting, Repeats } from '../../mail/meeting.ts';
import { icon } from './icons.ts';
import type { Around } from './layout.ts';
import {
  address,
  button,
  facts,
  form,
  hint,
  link,
  list,
  moment,
  more,
  notice,
  type Page,
  type Piece,
} from './parts.ts';

export type InvitationView = {
  readonly meeting: Meeting;
  /** Where an answer is posted; null when it cannot be answered here. */
  readonly action: string | null;
  readonly form: string;
  /** Where its file is downloaded. */
  readonly file: string;
  /** What was answered last, and what became of the mail that carries it. */
  readonly answered: {
    readonly coming: Coming;
    readonly at: number;
    readonly mail: 'on its way' | 'delivered' | 'delayed' | 'failed' | 'unknown';
  } | null;
};

/** People shown by name. */
const mostPeople = 50;

export function invitationSection(around: Around, view: InvitationView): Page {
  const { calendar: words } = around.words;
  const { meeting } = view;
  const { organizer, occurrence, location, repeats } = meeting;
  return html`<section class="invitation" id="invitation" aria-labelledby="invitation-title">
<h2 id="invitation-title">${icon('calendar')}<span>${titleOf(around, meeting)}</span></h2>
<p class="meeting" dir="auto">${meeting.cancelled ? html`<s>${summaryOf(around, meeting)}</s>` : html`<b>${summaryOf(around, meeting)}</b>`}</p>
${occurrence === null ? '' : html`<p>${words.oneDate(spanOf(around, occurrence, null))}</p>`}
${facts(
  meeting.start === null ? null : [words.when, whenOf(around, meeting.start, meeting.end)],
  repeats === null ? null : [words.repeats, repeatsText(around, repeats, meeting.exceptions)],
  location === '' ? null : [words.where, html`<span dir="auto">${location}</span>`],
  organizer === null ? null : [words.organizer, person(organizer)],
)}
${people(around, meeting)}
${answering(around, view)}
</section>`;
}

function titleOf({ words: { calendar } }: Around, { cancelled, method, sequence }: Meeting): string {
  if (cancelled) return calendar.cancelled;
  if (method === 'reply') return calendar.answer;
  if (method !== 'request') return calendar.entry;
  return sequence > 0 ? calendar.changed : calendar.invitation;
}

function summaryOf({ words }: Around, { summary }: Meeting): string {
  return summary === '' ? words.calendar.untitled : summary;
}

/** In the time zone of the reader's device, or the organisation's without scripts; and as the organizer wrote it. */
function whenOf(around: Around, start: When, end: When | null): Piece {
  const { calendar: words } = around.words;
  const span = spanOf(around, start, end);
  if (start.at === null || start.clock === null || start.zone === '' || start.zone === 'UTC') return span;
  const until = end === null || end.clock === null || end.day !== start.day ? '' : `–${end.clock}`;
  const zone = html`<span dir="ltr">${start.zone}</span>`;
  return [span, html`<span class="aside">${words.organizersTime(`${start.clock}${until}`, zone)}</span>`];
}

function spanOf({ language, brand, words }: Around, start: When, end: When | null): Piece {
  const dayAt = (day: string): number => Date.parse(`${day}T00:00:00Z`);
  if (start.clock === null) {
    // The end of whole days is the day after.
    const last = end === null || end.day <= start.day ? start.day : end.day;
    const to = last === start.day ? dayAt(last) : dayAt(last) - 86_400_000;
    return formatDays(dayAt(start.day), to, language);
  }
  if (start.at !== null) {
    const to = Math.max(start.at, end?.at ?? start.at);
    const [from, until] = [start.at, to].map((at) => new Date(at).toISOString());
    return html`<time datetime="${from}" data-end="${until}">${formatSpan(start.at, to, language, brand.timeZone)}</time>`;
  }
  const clocks =
    end === null || end.clock === null || end.day !== start.day ? start.clock : `${start.clock}–${end.clock}`;
  return [
    `${formatDays(dayAt(start.day), dayAt(start.day), language)}, ${clocks} (`,
    words.calendar.asWritten(start.zone),
    ')',
  ];
}

function repeatsText(around: Around, repeats: Repeats, exceptions: number): Piece {
  const { language, words } = around;
  const { calendar } = words;
  const differ = exceptions === 0 ? [] : [calendar.exceptions(exceptions)];
  if (repeats === 'irregular') return [calendar.irregular, ...differ].join('; ');
  const { every, interval, weekdays, nth, monthDay, until, count } = repeats;
  const [weekday = 1] = weekdays;
  const days =
    nth !== null
      ? [calendar.onNth(calendar.nth[nth as keyof typeof calendar.nth], weekdayName(language, weekday))]
      : weekdays.length > 0
        ? [calendar.onWeekdays(new Intl.ListFormat(language).format(weekdays.map((one) => weekdayName(language, one))))]
        : monthDay !== null
          ? [calendar.onMonthDay(monthDay)]
          : [];
  const rule = [calendar.every[every](interval), ...days].join(' ');
  const ends: Piece[] = [
    ...(until === null
      ? []
      : [[', ', calendar.until(formatDay(Date.parse(`${until.day}T00:00:00Z`), language, 'UTC'))]]),
    ...(count === null ? [] : [`, ${calendar.times(count)}`]),
    ...differ.map((text) => `; ${text}`),
  ];
  return [rule, ...ends];
}

/** `weekday`: 1 is Monday, as 1 January 2024 was. */
function weekdayName(language: Around['language'], weekday: number): string {
  return new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, weekday));
}

function person({ name, address: mail }: { readonly name: string; readonly address: string }): Piece {
  return name === '' || name === mail ? address(mail) : [html`<span dir="auto">${name}</span> `, address(mail)];
}

function people({ words: { calendar } }: Around, { attendees }: Meeting): Piece {
  if (attendees.length === 0) return '';
  const rows = attendees
    .slice(0, mostPeople)
    .map(({ name, address: mail, status }) => ({ title: name === '' ? mail : name, line: calendar.status[status] }));
  const rest = attendees.length - rows.length;
  return more(calendar.people(attendees.length), list(rows), rest > 0 ? hint(calendar.more(rest)) : '');
}

function answering(
  { words, ...around }: Around,
  { action, form: token, answered, meeting, file }: InvitationView,
): Piece {
  const { calendar } = words;
  const save = link(calendar.save, file, 'plain', { download: '' });
  if (meeting.cancelled || meeting.method !== 'request') return hint(calendar.putIn, ' ', save);
  if (action === null || meeting.organizer === null) return hint(calendar.byYourself, ' ', save);
  const { organizer } = meeting;
  const failed = answered?.mail === 'failed';
  const state =
    answered === null
      ? html`<p><b>${calendar.question}</b></p>`
      : notice(
          failed ? 'bad' : 'good',
          html`<p>${calendar.said[answered.coming](moment(around, answered.at))} ${calendar.mail[answered.mail]}</p><p>${calendar.change}</p>`,
        );
  const choices = (['accepted', 'tentative', 'declined'] as const).filter(
    (coming) => failed || coming !== answered?.coming,
  );
  const labels = { accepted: calendar.accept, tentative: calendar.tentative, declined: calendar.decline };
  const buttons = choices.map((coming) =>
    button(labels[coming], answered === null && coming === 'accepted' ? 'main' : 'quiet', {
      name: 'coming',
      value: coming,
    }),
  );
  return html`${state}${form(action, token, html`<div class="choices">${buttons}</div>`)}${hint(calendar.goesTo(person(organizer)), ' ', save)}`;
}
