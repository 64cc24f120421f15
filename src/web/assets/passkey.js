/*
 * Passkeys: a form marked data-passkey asks our server for the options of the ceremony, has the device answer them (W3C WebAuthn level 3) and sends the
 * answer as JSON in its field `response`. When the device breaks off the field stays empty, and the page that comes next says so.
 */
'use strict';

async function perform(form) {
  const { passkey: ceremony, options: url } = form.dataset;
  const fields = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(url, { method: 'POST', body: fields });
    if (!answer.ok) throw new Error('no options');
    const options = await answer.json();
    const credential =
      ceremony === 'create'
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.elements.response.value = JSON.stringify(credential.toJSON());
  } catch {
    form.elements.response.value = '';
  }
  // Past the listeners, ours among them.
  form.submit();
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void perform(form);
  });
}
