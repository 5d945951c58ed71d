/**
 * The chat page: what the visitor does, what the server says, and what the tab remembers, put
 * together. Every word comes from the server.
 */

import * as device from "./device.js";
import * as memory from "./memory.js";
import { Transport } from "./transport.js";
import * as view from "./view.js";

/** Said when all is deleted, or somebody else answers here or elsewhere: what was said before vanishes. */
const FINAL = ["erased", "closed"];

let { talk, draft: left } = await memory.recall();
let starting = false;
let elsewhere = false;

const transport = new Transport({
  after: () => talk?.after ?? 0,
  next,
  take,
  sent,
  refused,
  lost,
  trouble: (what) => view.showNotice(what && (what === true ? { word: "page.offline" } : { sentence: what })),
});

// --- languages

let asked = 0;
let former;

/** The whole page in the best match of these languages; of several wishes the last one counts. */
async function speak(...languages) {
  const mine = ++asked;
  const answer = await transport.words(languages);
  if (mine === asked) view.speak(answer);
}

function changeLanguage(language) {
  speak(language);
  if (talk) enqueue({ change: language });
}

// --- from start to end

async function start(event) {
  if (starting) return;
  starting = true;
  view.starting(true);
  try {
    const { token, language } = await transport.session([view.pageLanguage(), ...navigator.languages], former);
    talk = { token, language, after: 0, due: true, messages: [] };
    memory.keep(talk);
    if (device.ticked()) remember(true);
    resume();
    view.focusInput(event);
    if (language !== view.pageLanguage()) speak(language);
  } catch (error) {
    view.showNotice({ sentence: error.sentence });
  }
  starting = false;
  view.starting(false);
}

function resume() {
  view.showTalk(talk.messages.filter((message) => !message.change));
  view.typing(talk.due);
  transport.open(talk.token);
}

/**
 * The talk is over for this tab: nothing of it stays, but for a draft that nobody has received. Until a reload the
 * page knows which one it was: who just said to be too young is not asked again at once.
 */
function end({ word, draft = "" }) {
  transport.close();
  former = talk?.token;
  talk = null;
  view.showNotice(null);
  memory.forget();
  memory.keepDraft(draft);
  device.tick(false);
  view.type(draft);
  view.showOver(word);
}

function lost() {
  end({ word: "page.lost", draft: unsent() });
}

/** Whether the talk is kept on this device. Before the start only the box knows; nothing is written yet. */
async function remember(yes) {
  if (!talk) return;
  await memory.choose(yes, talk);
  if (!talk) return memory.forget();
  memory.keep(talk);
  memory.keepDraft(view.typed());
  if (yes && !device.ticked()) return remember(false); // another wish meanwhile
  device.tick(memory.onDevice());
}

/** Another page of this browser keeps a talk on the device: this one goes on there, or has to stay in this tab. */
function taken(token) {
  memory.leave();
  if (token !== talk?.token) return remember(false);
  transport.close();
  talk = null;
  elsewhere = true;
  view.showNotice(null);
  view.clearLog();
  view.type("");
  view.showOver("page.elsewhere", "page.here");
}

function again() {
  if (elsewhere) return location.reload();
  view.showStart();
  document.querySelector("#start button").focus();
}

// --- out

function send() {
  const text = view.typed().trim();
  if (!text) return;
  view.type("");
  enqueue({ text });
  memory.keepDraft(""); // not before the text is kept as a message
  view.focusInput();
}

/** The focus moves first: were it on a button that vanishes, it would fall to the page's top. */
function press({ id, label, language, direction }, event) {
  view.focusInput(event);
  enqueue({ button: id, text: label, language, direction });
}

/** All that is stored, as a file: whoever asks for it may take it along. It comes to nobody else who answers here. */
async function download(button) {
  const mine = talk;
  view.busy(button, true);
  try {
    const copy = await transport.copy();
    if (talk === mine) view.save("mitsprache.json", copy);
  } catch (error) {
    if (talk === mine && error.status === 401) lost();
    else if (talk === mine) view.showNotice({ sentence: error.sentence });
  }
  view.busy(button, false);
}

function enqueue(what) {
  const message = { from: "me", id: uuid(), state: "sending", language: view.pageLanguage(), direction: "auto", ...what };
  talk.messages.push(message);
  memory.keep(talk);
  if (!message.change) view.append(message);
  transport.send();
}

const waiting = () => talk?.messages.filter((message) => message.state === "sending") ?? [];

/** Texts that the server has not confirmed, and the draft: nobody has to write them twice. */
function unsent() {
  const texts = waiting().filter((message) => !message.change && !message.button);
  return [...texts.map((message) => message.text), view.typed()].filter(Boolean).join("\n");
}

function next() {
  const [message] = waiting();
  if (!message) return null;
  message.seen ??= talk.after;
  const { id, text, button, change } = message;
  return { message, body: change ? { id, language: change } : button ? { id, button } : { id, text } };
}

/** A reply is due, unless it was quicker than the server's yes. */
function sent(message) {
  message.state = "sent";
  if (message.change) talk.messages = talk.messages.filter((other) => other !== message);
  talk.due = talk.after === message.seen;
  memory.keep(talk);
  view.showState(message);
  view.typing(talk.due);
}

function refused(message, sentence) {
  message.state = "refused";
  message.error = sentence;
  if (message.change) {
    talk.messages = talk.messages.filter((other) => other !== message);
    speak(talk.language).then(() => view.showNotice({ sentence }));
  } else {
    view.showState(message);
  }
  memory.keep(talk);
  if (message.change || message.button) return;
  const text = [message.text, view.typed()].filter(Boolean).join("\n");
  view.type(text);
  memory.keepDraft(text);
}

/** Unique also where the page has no secure context, in which randomUUID is missing. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// --- in

function take(message) {
  if (!talk || message.number <= talk.after) return;
  if (FINAL.includes(message.end)) {
    view.clearLog();
    view.append(message);
    end({});
    return;
  }
  talk.after = message.number;
  talk.due = false;
  talk.messages.push(message);
  if (message.language !== view.pageLanguage()) speak(message.language);
  talk.language = message.language;
  memory.keep(talk);
  view.append(message);
  view.typing(false);
}

view.listen({ start, again, send, press, download, changeLanguage, draft: memory.keepDraft });
view.type(left);
device.listen(remember);
device.tick(memory.onDevice());
memory.whenTaken(taken);
await speak(...(talk ? [talk.language] : navigator.languages));
if (talk) resume();
else view.showStart();
