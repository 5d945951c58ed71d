/**
 * What this tab remembers: one talk and one draft, in sessionStorage, gone when the tab closes.
 * Nothing is written before the visitor has started. Where the browser forbids storage the talk
 * still works, it only doesn't survive a reload.
 */

const TALK = "mitsprache.talk";
const DRAFT = "mitsprache.draft";
const KEPT = 200;

function tolerant(work, otherwise) {
  try {
    return work(window.sessionStorage);
  } catch {
    return otherwise;
  }
}

/** The talk {token, language, after, due, messages} or null. */
export function recall() {
  return tolerant((storage) => JSON.parse(storage.getItem(TALK)), null);
}

export function keep(talk) {
  talk.messages = talk.messages.slice(-KEPT);
  tolerant((storage) => storage.setItem(TALK, JSON.stringify(talk)));
}

export function recallDraft() {
  return tolerant((storage) => storage.getItem(DRAFT), null) ?? "";
}

export function keepDraft(text) {
  tolerant((storage) => (text ? storage.setItem(DRAFT, text) : storage.removeItem(DRAFT)));
}

export function forget() {
  tolerant((storage) => [TALK, DRAFT].forEach((key) => storage.removeItem(key)));
}
