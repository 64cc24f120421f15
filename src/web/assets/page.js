/*
 * What pages do better with scripts: times in the reader's own time zone, a code that is sent once it is typed, a button that counts down until it may be
 * pressed. Nothing here is needed; every page says and does the same without it.
 */
'use strict';

const language = document.documentElement.lang;
const locale = language === 'en' ? 'en-GB' : language;

for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime);
  const date = 'clock' in time.dataset ? {} : { day: 'numeric', month: 'long', year: 'numeric' };
  const clock = 'day' in time.dataset ? {} : { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' };
  const weekday = 'end' in time.dataset ? { weekday: 'long' } : {};
  const format = new Intl.DateTimeFormat(locale, { ...weekday, ...date, ...clock });
  time.textContent = 'end' in time.dataset ? format.formatRange(at, new Date(time.dataset.end)) : format.format(at);
}

for (const form of document.querySelectorAll('form[data-auto]')) {
  const digits = Number(form.dataset.auto);
  form.addEventListener('input', ({ target }) => {
    // A pasted code may have spaces and dashes; what the person types after it is sent by hand.
    if (target.value.replace(/[\s-]/g, '').length !== digits || form.dataset.sent) return;
    form.dataset.sent = 'yes';
    form.requestSubmit();
  });
}

for (const form of document.querySelectorAll('form[data-until]')) {
  const until = Date.parse(form.dataset.until);
  const button = form.querySelector('button');
  const text = form.querySelector('[data-countdown]');
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    // Still reachable by keyboard and announced as not available, unlike `disabled`.
    button.setAttribute('aria-disabled', String(seconds > 0));
    text.hidden = seconds <= 0;
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    text.textContent = text.dataset.countdown.replace('{time}', time);
    if (seconds > 0) setTimeout(tick, 1000);
  };
  form.addEventListener('submit', (event) => {
    if (button.getAttribute('aria-disabled') === 'true') event.preventDefault();
  });
  tick();
}

// A second press while the first is under way would ask for the same thing twice.
for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.busy) event.preventDefault();
    else if (!event.defaultPrevented) form.dataset.busy = 'yes';
  });
}
addEventListener('pageshow', () => {
  for (const form of document.forms) {
    delete form.dataset.busy;
    delete form.dataset.sent;
  }
});
