/*
 * What writing does better with scripts: files go in chunks as soon as they are chosen or dropped, go on by themselves after a lost connection, and from where
 * they were when the same file is chosen again; what is typed is saved. The page works the same without it, with whole files and a button.
 */
'use strict';

const form = document.querySelector('form.compose');
const words = form.dataset;
const input = form.querySelector('input[type="file"]');
const list = form.querySelector('[data-files]');
const news = form.querySelector('[data-uploads]');
const status = form.querySelector('[data-status]');
const zone = form.querySelector('.drop');
const base = `/answer/${words.answer}`;
const largest = 4 * 1024 * 1024;
const smallest = 256 * 1024;
let left = Number(words.left);
/** Uploads under way, and the button that waits for them. */
let busy = 0;
let waiting = null;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function readable(octets) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const power = Math.min(3, octets < 1000 ? 0 : Math.floor(Math.log10(octets) / 3));
  const value = octets / 1000 ** power;
  const digits = { style: 'unit', unit: units[power], unitDisplay: power === 0 ? 'long' : 'short' };
  const locale = words.language === 'en' ? 'en-GB' : words.language;
  return new Intl.NumberFormat(locale, { ...digits, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

function token() {
  return form.elements.form.value;
}

/** A line of the list for a file on its way, by name alone until it has arrived. */
function lineFor(file) {
  const line = document.createElement('li');
  const about = document.createElement('div');
  const name = document.createElement('b');
  const said = document.createElement('span');
  const bar = document.createElement('progress');
  const stop = document.createElement('button');
  name.dir = 'auto';
  name.textContent = file.name;
  bar.max = Math.max(1, file.size);
  bar.value = 0;
  bar.setAttribute('aria-label', file.name);
  stop.type = 'button';
  stop.className = 'plain';
  stop.textContent = words.cancel;
  stop.setAttribute('aria-label', `${words.cancel}: ${file.name}`);
  about.append(name, said, bar);
  line.append(about, stop);
  list.append(line);
  return { line, said, bar, stop };
}

function show({ said, bar }, done, size) {
  bar.value = done;
  said.textContent = filled(words.progress, { done: readable(done), size: readable(size) });
}

/** One request with octets; resolves with { status, body }, status 0 when the connection failed. */
function sendChunk(upload, file, start, end, shown) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${base}/upload/${upload.id}`);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('Upload-Offset', String(start));
    request.setRequestHeader('X-Form', token());
    request.responseType = 'json';
    request.timeout = 120_000;
    request.upload.onprogress = ({ loaded }) => show(shown, Math.min(end, start + loaded), file.size);
    request.onload = () => resolve({ status: request.status, body: request.response ?? {} });
    request.onerror = request.ontimeout = () => resolve({ status: 0, body: {} });
    upload.abort = () => {
      request.abort();
      resolve({ status: -1, body: {} });
    };
    request.send(file.slice(start, end));
  });
}

/** Announces the file and sends it, for as long as it takes. Resolves with what to say when it could not be. */
async function sendFile(file, shown) {
  const upload = { id: '', stopped: false, abort: () => {} };
  shown.stop.addEventListener('click', () => {
    upload.stopped = true;
    upload.abort();
  });
  const mark = `${file.size} ${file.lastModified}`;
  const about = new URLSearchParams({ form: token(), name: file.name, type: file.type, size: String(file.size), mark });
  let answer = await json('POST', `${base}/upload`, about);
  for (let wait = 1000; answer.status === 0 && !upload.stopped; wait = Math.min(15_000, 2 * wait)) {
    news.textContent = words.waiting;
    await pause(wait);
    answer = await json('POST', `${base}/upload`, about);
  }
  if (answer.status === 413) return filled(words.full, { name: file.name, room: readable(left) });
  if (answer.status >= 300 || answer.status === 0) return filled(words.failed, { name: file.name });
  upload.id = answer.body.id;
  let { stored } = answer.body;
  list.querySelector(`[data-file="${upload.id}"]`)?.remove();
  let chunk = Math.min(largest, answer.body.chunk);
  let wait = 1000;
  while (stored < file.size && !upload.stopped) {
    show(shown, stored, file.size);
    const sent = await sendChunk(upload, file, stored, Math.min(file.size, stored + chunk), shown);
    if (sent.status === 200 || sent.status === 409) {
      stored = sent.body.stored;
      chunk = Math.min(largest, sent.status === 200 ? 2 * chunk : chunk);
      wait = 1000;
      news.textContent = '';
    } else if (sent.status === 0 || sent.status >= 500) {
      news.textContent = words.waiting;
      await pause(wait);
      wait = Math.min(15_000, 2 * wait);
      chunk = Math.max(smallest, Math.floor(chunk / 2));
      const found = await json('GET', `${base}/upload/${upload.id}`);
      if (found.status === 200) stored = found.body.stored;
    } else if (!upload.stopped) {
      return filled(words.failed, { name: file.name });
    }
  }
  if (upload.stopped) {
    await post({ remove: upload.id, quietly: 'yes' });
    return '';
  }
  arrived(upload.id, file, shown);
  return null;
}

async function json(method, path, body) {
  try {
    const response = await fetch(path, { method, ...(body === undefined ? {} : { body }) });
    return { status: response.status, body: await response.json() };
  } catch {
    return { status: 0, body: {} };
  }
}

/** All that was typed, with something to do. Resolves with whether it was kept. */
async function post(more) {
  const data = new FormData(form);
  data.delete('file');
  for (const [name, value] of Object.entries(more)) data.set(name, value);
  try {
    const { status: answer } = await fetch(base, { method: 'POST', body: data });
    return answer === 204;
  } catch {
    return false;
  }
}

/** The line as the page itself would show it. */
function arrived(id, file, { line, said, bar, stop }) {
  bar.remove();
  said.textContent = readable(file.size);
  line.dataset.file = id;
  const remove = document.createElement('button');
  remove.type = 'submit';
  remove.className = 'plain';
  remove.name = 'remove';
  remove.value = id;
  remove.textContent = words.remove;
  remove.setAttribute('aria-label', `${words.remove}: ${file.name}`);
  stop.replaceWith(remove);
}

async function take(files) {
  for (const file of files) {
    if (file.size > left) {
      news.textContent = filled(words.full, { name: file.name, room: readable(left) });
      continue;
    }
    left -= file.size;
    busy += 1;
    const shown = lineFor(file);
    const trouble = await sendFile(file, shown);
    busy -= 1;
    if (trouble === null) {
      news.textContent = filled(words.done, { name: file.name });
      continue;
    }
    left += file.size;
    shown.line.remove();
    news.textContent = trouble;
    waiting = null;
  }
  if (busy > 0 || waiting === null) return;
  const button = waiting;
  waiting = null;
  form.requestSubmit(button);
}

input.addEventListener('change', () => {
  const files = [...input.files];
  input.value = '';
  void take(files);
});
zone.addEventListener('dragover', (event) => {
  event.preventDefault();
  zone.classList.add('over');
});
for (const end of ['dragleave', 'drop']) zone.addEventListener(end, () => zone.classList.remove('over'));
zone.addEventListener('drop', (event) => {
  event.preventDefault();
  void take([...event.dataTransfer.files]);
});
for (const part of document.querySelectorAll('[data-drop]')) part.hidden = false;
for (const part of document.querySelectorAll('[data-without]')) part.hidden = true;

let timer = null;
let dirty = false;
async function save() {
  timer = null;
  dirty = false;
  const kept = await post({ do: 'autosave' });
  dirty ||= !kept;
  status.textContent = kept ? words.saved : words.unsaved;
  if (!kept) timer ??= setTimeout(save, 15_000);
}
form.addEventListener('input', ({ target }) => {
  if (target === input) return;
  dirty = true;
  timer ??= setTimeout(save, 3_000);
});

form.addEventListener('submit', (event) => {
  // Sending waits for the files; the button is pressed again by itself.
  if (busy > 0 && event.submitter?.value === 'send') {
    event.preventDefault();
    waiting = event.submitter;
    delete form.dataset.busy;
    return;
  }
  dirty = false;
  clearTimeout(timer);
});
addEventListener('beforeunload', (event) => {
  if (dirty || busy > 0) event.preventDefault();
});
