/**
 * What is seen. Text of persons and of the server goes into the page as text nodes only.
 * The log is only ever appended to: what is rendered again is read aloud again.
 */

import * as device from "./device.js";

const NEAR = 80; // px from its end within which the log follows new messages
const TOGETHER = 1_000; // ms within which messages are one reply
const find = (selector) => document.querySelector(selector);
const log = find("#log");
const form = find("form");
const input = find("textarea");
const picker = find("#language select");
const overPanel = find("#over");

let words = {};
let language = { code: "", direction: "ltr" };
let notice = null;

export const word = (key) => words[key] ?? "";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// --- words and languages

/** Puts the whole page into the language that the server answered in. */
export function speak(answer) {
  words = answer.words;
  language = { code: answer.language, direction: answer.direction };
  document.documentElement.lang = language.code;
  document.documentElement.dir = language.direction;
  document.title = word("page.title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-word-name]")) {
    node.setAttribute("aria-label", word(node.dataset.wordName));
  }
  input.placeholder = word(input.dataset.wordPlaceholder);
  offerLanguages(answer.languages);
  shownNotice();
  written();
  document.body.hidden = false;
}

function offerLanguages(languages) {
  if (!picker.options.length) {
    for (const { code, name, direction } of languages) {
      picker.append(element("option", { value: code, lang: code, dir: direction }, name));
      const radio = element("input", { type: "radio", name: "language", value: code });
      find("fieldset").append(element("label", {}, radio, element("span", { lang: code, dir: direction }, name)));
    }
  }
  picker.value = language.code;
  for (const radio of document.querySelectorAll("fieldset input")) radio.checked = radio.value === language.code;
}

export const pageLanguage = () => language.code;

// --- the two screens

export function showStart() {
  log.replaceChildren();
  log.setAttribute("aria-live", "off");
  overPanel.hidden = true;
  show(find("#start"), find("#talk"));
}

/** Shows the talk with its history; the log becomes live only after that has been painted. */
export function showTalk(messages) {
  if (!messages.length) live();
  for (const message of messages) append(message);
  arrived = 0; // what comes now is no part of the history
  form.hidden = false;
  show(find("#talk"), find("#start"));
  showNewest();
  requestAnimationFrame(() => requestAnimationFrame(live));
}

function live() {
  log.setAttribute("aria-live", "polite");
}

function show(seen, unseen) {
  seen.hidden = false;
  unseen.hidden = true;
  find("#language").hidden = seen.id === "start";
  device.stand(seen);
}

export const starting = (yes) => busy(find("#start button"), yes);

/** What was pressed is being done; the button keeps the focus meanwhile. */
export function busy(button, yes) {
  if (yes) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

/** The talk has ended here: instead of the input, a button to start again; nothing else can be pressed any more. */
export function showOver(key, offer = "page.again") {
  removeButtons();
  for (const button of log.querySelectorAll("button")) button.remove();
  const focused = form.contains(document.activeElement) || document.activeElement === document.body;
  typing(false);
  overPanel.hidden = false;
  overPanel.firstElementChild.textContent = key ? word(key) : "";
  const button = overPanel.querySelector("button");
  button.dataset.word = offer;
  button.textContent = word(offer);
  find("#language").hidden = true;
  device.stand(null);
  if (focused) button.focus();
  form.hidden = true;
}

export function clearLog() {
  log.replaceChildren();
  hintAtMore();
}

// --- messages

export function append(message) {
  following ||= message.from === "me";
  if (message.from === "me" || message.buttons?.length) removeButtons();
  const node = message.from === "me" ? ownMessage(message) : cityMessage(message);
  log.append(node);
  const now = performance.now();
  if (message.from === "me" || now - arrived > TOGETHER) reply = node;
  arrived = now;
  if (following) showNewest(reply);
}

function bubble(who, { text, language: code, direction }) {
  return element(
    "div",
    { class: `message ${who}` },
    element("span", { class: "unseen", lang: language.code }, `${word(`page.${who}`)}: `),
    element("p", { class: "text", lang: code, dir: direction }, ...lines(text)),
  );
}

/** Lines with a bullet stand by themselves: where they wrap, they are indented. */
function lines(text) {
  const whole = text.match(/.*\n|.+$/g) ?? [];
  return whole.map((line) => (line.startsWith("• ") ? element("span", { class: "item" }, line) : line));
}

function cityMessage(message) {
  const node = bubble("city", message);
  if (message.attachment === "my_data") node.append(downloadButton());
  if (message.buttons?.length) {
    const buttons = message.buttons.map(({ id, label, language: code, direction }) =>
      element("button", { type: "button", "data-button": id, lang: code, dir: direction }, label),
    );
    const group = { role: "group", dir: message.direction, "aria-label": word("page.choices"), "data-word-name": "page.choices" };
    node.append(element("div", group, ...buttons));
  }
  return node;
}

function downloadButton() {
  const icon = find("#download").content.cloneNode(true);
  return element("button", { type: "button", class: "download" }, icon, element("span", { "data-word": "page.download" }, word("page.download")));
}

function ownMessage(message) {
  const node = bubble("me", message);
  node.dataset.id = message.id;
  node.append(element("p", { class: "state" }));
  state(node, message);
  return node;
}

/** What became of an own message: sending, sent or refused (then with the server's sentence). */
export function showState(message) {
  const node = log.querySelector(`[data-id="${message.id}"]`);
  if (node) state(node, message);
}

function state(node, message) {
  node.dataset.state = message.state;
  const line = node.querySelector(".state");
  line.dataset.word = `page.${message.state}`;
  line.textContent = word(line.dataset.word);
  if (message.error) node.append(element("p", { class: "error", lang: language.code, dir: language.direction }, message.error));
  if (following) showNewest();
}

function removeButtons() {
  for (const group of log.querySelectorAll("[role=group]")) {
    if (group.contains(document.activeElement)) input.focus();
    group.remove();
  }
}

// --- scrolling: who has scrolled up to read stays there

let following = true;
let reply; // the first of the messages that came together
let arrived = 0;

/** Of what is longer than the log the beginning is shown. */
function showNewest(from) {
  log.lastElementChild?.scrollIntoView({ block: "nearest" });
  const top = Math.max(log.getBoundingClientRect().top, 0);
  if (from && from.getBoundingClientRect().top < top) from.scrollIntoView();
  hintAtMore();
}

/** A shadow at the end of the log says that there is more below. */
function hintAtMore() {
  log.toggleAttribute("data-more", !atEnd(0));
}

/** In the log or, on tiny screens, in the page that scrolls as a whole. */
function atEnd(near = NEAR) {
  if (!log.lastElementChild) return true;
  const end = Math.min(log.getBoundingClientRect().bottom, window.innerHeight);
  return log.lastElementChild.getBoundingClientRect().bottom <= end + near;
}

function scrolled() {
  following = atEnd();
  hintAtMore();
}

document.addEventListener("scroll", scrolled, { capture: true, passive: true });
new ResizeObserver(() => following && showNewest()).observe(log); // a keyboard opens, the input grows

// --- around the log

let due;

/** Says once per turn that a reply is being written, and not for replies that come at once. */
export function typing(yes) {
  clearTimeout(due);
  const place = find("#typing");
  if (yes) due = setTimeout(() => showTyping(place), 600);
  else {
    delete place.dataset.on;
    place.lastElementChild.textContent = "";
  }
}

function showTyping(place) {
  place.dataset.on = "";
  place.lastElementChild.textContent = word("page.typing");
}

/** A line at the top: {word} of ours, {sentence} of the server's, or nothing. */
export function showNotice(what) {
  notice = what;
  shownNotice();
}

function shownNotice() {
  const text = notice?.sentence ?? (notice ? word(notice.word) : "");
  const place = find("#notice");
  if (place.textContent !== text) place.textContent = text;
}

/** Gives a file to the browser, which tells the visitor itself that it has been saved. */
export function save(name, file) {
  const link = element("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// --- the input

export const typed = () => input.value;

export function type(text) {
  input.value = text;
  written();
}

/** `auto` makes an empty field left-to-right in every language, so an empty one takes the page's direction. */
function written() {
  input.dir = input.value ? "auto" : language.direction;
  const count = [...input.value].length;
  const counter = find("#counter");
  const { near, limit } = input.dataset;
  counter.hidden = count <= near;
  const number = new Intl.NumberFormat(language.code || undefined);
  const sentence = word("page.counter").replace("{count}", number.format(count));
  counter.textContent = counter.hidden ? "" : sentence.replace("{limit}", number.format(limit));
  counter.classList.toggle("over", count > limit);
}

/** After a tap the log gets the focus: the input would open the keyboard over what was just said. */
export function focusInput(event) {
  const tapped = event?.detail > 0 && window.matchMedia("(pointer: coarse)").matches;
  (tapped ? log : input).focus({ preventScroll: tapped });
}

// --- what the visitor does

export function listen({ start, again, send, press, download, changeLanguage, draft }) {
  find("#start button").addEventListener("click", start);
  overPanel.querySelector("button").addEventListener("click", again);
  picker.addEventListener("change", () => changeLanguage(picker.value));
  find("fieldset").addEventListener("change", (event) => changeLanguage(event.target.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  input.addEventListener("input", () => {
    written();
    draft(input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  log.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.hasAttribute("aria-disabled")) return;
    if (!button.dataset.button) download(button);
    else press({ id: button.dataset.button, label: button.textContent, language: button.lang, direction: button.dir }, event);
  });
}
