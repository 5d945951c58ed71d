/**
 * What is remembered: one talk and one draft. By default in this tab's sessionStorage, gone when the tab closes. With
 * the visitor's choice on the device, in IndexedDB: what is written or erased there is so at once, even if the browser
 * is killed in the next moment; of localStorage the disk hears up to a minute later, of what is erased, too.
 * Nothing is written before the visitor has started. Where the browser forbids storage the talk still works, it only
 * doesn't survive a reload.
 */

const TALK = "mitsprache.talk";
const DRAFT = "mitsprache.draft";
const KEPT = 200;
const NAME = "mitsprache";

let device = null; // the database, open as long as the talk is kept there
const pages = window.BroadcastChannel && new BroadcastChannel(NAME);

function tolerant(work, otherwise) {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The database on the device, or null. Unless it is to be made, looking for it leaves nothing behind. */
async function database({ make }) {
  try {
    const request = indexedDB.open(NAME);
    request.onupgradeneeded = () => (make ? request.result.createObjectStore(NAME) : request.transaction.abort());
    const opened = await done(request);
    opened.onversionchange = () => (opened === device ? leave() : opened.close()); // another page erases it
    return opened;
  } catch {
    return null;
  }
}

/** On its way when this returns: a reload right after doesn't break it off. */
function write(key, value) {
  tolerant(() => {
    if (!device) return value ? sessionStorage.setItem(key, value) : sessionStorage.removeItem(key);
    const transaction = device.transaction(NAME, "readwrite");
    const store = transaction.objectStore(NAME);
    if (value) store.put(value, key);
    else store.delete(key);
    transaction.commit?.();
  });
}

/** The talk {token, language, after, due, messages} or null, and the draft. What lies on the device is this page's now. */
export async function recall() {
  const [talk, draft] = tolerant(() => [TALK, DRAFT].map((key) => sessionStorage.getItem(key)), []);
  const left = talk ? null : await database({ make: false });
  if (!left) return { talk: tolerant(() => JSON.parse(talk), null), draft: draft ?? "" };
  const store = left.transaction(NAME).objectStore(NAME);
  const [mine, written] = await Promise.all([TALK, DRAFT].map((key) => done(store.get(key)))).catch(() => []);
  const found = tolerant(() => JSON.parse(mine), null);
  if (found) hold(left, found);
  else left.close();
  return { talk: found, draft: written ?? "" };
}

function hold(opened, { token }) {
  device = opened;
  pages?.postMessage(token);
}

/** Calls the hook with the talk's token when another page of this browser keeps one on the device, this one's or another. */
export function whenTaken(hook) {
  pages?.addEventListener("message", ({ data }) => device && hook(data));
}

export function keep(talk) {
  talk.messages = talk.messages.slice(-KEPT);
  write(TALK, JSON.stringify(talk));
}

export const keepDraft = (text) => write(DRAFT, text);

export const onDevice = () => device !== null;

/** From now on this talk is kept on the device, if the browser lets us, or in this tab alone; it has to be kept anew. */
export async function choose(yes, talk) {
  if (yes === onDevice()) return;
  const opened = yes && (await database({ make: true }));
  if (yes && !opened) return;
  forget();
  if (opened) hold(opened, talk);
}

/** Leaves what lies on the device to the page that has it now. */
export function leave() {
  device?.close();
  device = null;
}

export function forget() {
  tolerant(() => [TALK, DRAFT].forEach((key) => sessionStorage.removeItem(key)));
  if (!device) return;
  leave();
  indexedDB.deleteDatabase(NAME);
}
