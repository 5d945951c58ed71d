/**
 * The line to the server. Messages go out in order, one at a time, each under its own id until the
 * server has said yes or no; messages come in by number, over a stream or, where a proxy holds
 * streams back, by long poll. It knows nothing of the page: the hooks say what to send and take.
 */

const FIRST_BYTE = 5_000; // longer than that without the server's opening comment: a proxy buffers
const SILENCE = 40_000; // the server pings every 15 s
const ANSWER = 30_000;
const POLL = 20; // seconds the server may hold a poll
const LONGEST_WAIT = 30_000;

/** The server answered, but not with yes. Asking again helps after 429 and 5xx alone. */
export class Refusal extends Error {
  constructor(status, sentence, retryAfter) {
    super(`refused with ${status}`);
    Object.assign(this, { status, sentence, retryAfter });
  }

  get final() {
    return this.status < 500 && this.status !== 429;
  }
}

/** A signal that ends at a time that can be moved, or together with `outer`. */
class Deadline {
  #control = new AbortController();
  #timer;
  passed = false;

  constructor(outer) {
    this.outer = outer;
    if (outer?.aborted) this.end();
    outer?.addEventListener("abort", this.end);
  }

  get signal() {
    return this.#control.signal;
  }

  within(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.end();
    }, milliseconds);
    return this;
  }

  end = () => {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener("abort", this.end);
    this.#control.abort();
  };
}

/** Asks in the page's language, which need not be the browser's: a refusal comes in these words. */
async function ask(path, { token, body, signal }) {
  const headers = { "Accept-Language": document.documentElement.lang };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const method = body ? "POST" : "GET";
  const response = await fetch(path, { method, headers, signal, cache: "no-store", body: body && JSON.stringify(body) });
  if (response.ok) return response;
  const { message } = await response.json().catch(() => ({}));
  throw new Refusal(response.status, message, Number(response.headers.get("Retry-After")) || 0);
}

/** The data of each whole event in `text`, and what is left over. */
function events(text) {
  const blocks = text.split(/\r?\n\r?\n/);
  const rest = blocks.pop();
  const ours = blocks.filter((block) => !/^event:(?! ?message$)/m.test(block));
  const found = ours.map((block) =>
    block
      .split(/\r?\n/)
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5))
      .join("\n"),
  );
  return { found: found.filter(Boolean), rest };
}

export class Transport {
  #hooks;
  #talk = null; // an AbortController while a talk goes on
  #token = null;
  #reading = null; // the deadline of the stream or poll that is open
  #asking = new Set(); // the deadlines of all requests under way
  #sleepers = new Set();
  #sending = false;

  /** hooks: after(), take(message), next(), sent(message), refused(message, sentence), lost(), trouble(sentence | true | null) */
  constructor(hooks) {
    this.#hooks = hooks;
    window.addEventListener("online", () => this.#again());
    window.addEventListener("offline", () => hooks.trouble(true));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#reading?.end();
      else this.#wake();
    });
  }

  words(languages) {
    const path = `/api/words?language=${encodeURIComponent(languages.join(","))}`;
    return this.#insist((signal) => ask(path, { signal }));
  }

  /** A new session; `former` is the token of the one that this page held before, if any. */
  session(languages, former) {
    return this.#insist((signal) => ask("/api/session", { body: { languages, former }, signal }));
  }

  /** The visitor's copy of all that is stored, as a file; only while the talk goes on. */
  copy() {
    const asked = (signal) => ask("/api/my-data", { token: this.#token, signal });
    return this.#insist(asked, this.#talk.signal, (response) => response.blob());
  }

  /** Starts to read, and sends what waits. */
  open(token) {
    this.#token = token;
    this.#talk = new AbortController();
    this.#read(this.#talk.signal);
    this.send();
  }

  close() {
    this.#talk?.abort();
    this.#talk = null;
    this.#wake();
  }

  /** Sends what `next()` gives until there is nothing left. */
  async send() {
    if (this.#sending || !this.#talk) return;
    this.#sending = true;
    const talk = this.#talk.signal;
    for (let message = this.#hooks.next(); message && !talk.aborted; message = this.#hooks.next()) {
      await this.#deliver(message, talk);
    }
    this.#sending = false;
    if (talk.aborted) this.send(); // a new talk may have begun meanwhile
  }

  async #deliver({ message, body }, talk) {
    try {
      await this.#insist((signal) => ask("/api/messages", { token: this.#token, body, signal }), talk);
      if (!talk.aborted) this.#hooks.sent(message);
    } catch (error) {
      if (talk.aborted) return;
      if (error.status === 401) this.#hooks.lost();
      else this.#hooks.refused(message, error.sentence);
    }
  }

  /** Asks until the server says yes, or no for good. */
  async #insist(work, talk, content = (response) => response.json()) {
    for (let failures = 0; ; failures++) {
      const deadline = this.#deadline(talk, ANSWER);
      try {
        const answer = await content(await work(deadline.signal));
        this.#hooks.trouble(null);
        return answer;
      } catch (error) {
        if (talk?.aborted || error.final) throw error;
        if (!deadline.signal.aborted || deadline.passed) await this.#backOff(failures, error);
      } finally {
        this.#done(deadline);
      }
    }
  }

  async #read(talk) {
    let silent = 0;
    let failures = 0;
    while (!talk.aborted) {
      if (document.hidden) {
        await this.#pause();
        continue;
      }
      const deadline = (this.#reading = this.#deadline(talk, FIRST_BYTE));
      const heard = () => (silent = failures = 0);
      try {
        await (silent < 2 ? this.#stream(deadline, heard) : this.#poll(deadline));
        await this.#pause(500); // whatever the server does, never a tight loop
      } catch (error) {
        if (talk.aborted) return;
        if (error.status === 401) return this.#hooks.lost();
        if (deadline.passed) silent++;
        else if (!deadline.signal.aborted) await this.#backOff(failures++, error);
      } finally {
        this.#done(deadline);
      }
    }
  }

  async #stream(deadline, heard) {
    const path = `/api/events?after=${this.#hooks.after()}`;
    const response = await ask(path, { token: this.#token, signal: deadline.signal });
    this.#hooks.trouble(null);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (let text = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      deadline.within(SILENCE);
      const { found, rest } = events(text + decoder.decode(value, { stream: true }));
      found.forEach((data) => this.#hooks.take(JSON.parse(data)));
      text = rest;
    }
  }

  async #poll(deadline) {
    deadline.within(SILENCE);
    const path = `/api/messages?after=${this.#hooks.after()}&wait=${POLL}`;
    const response = await ask(path, { token: this.#token, signal: deadline.signal });
    const { messages } = await response.json();
    this.#hooks.trouble(null);
    messages.forEach((message) => this.#hooks.take(message));
  }

  #deadline(talk, milliseconds) {
    const deadline = new Deadline(talk).within(milliseconds);
    this.#asking.add(deadline);
    return deadline;
  }

  #done(deadline) {
    deadline.end();
    this.#asking.delete(deadline);
  }

  /** Waits longer each time, with jitter so that a whole quarter doesn't come back at the same moment. */
  async #backOff(failures, { sentence, retryAfter = 0 }) {
    if (sentence || failures || !navigator.onLine) this.#hooks.trouble(sentence || true);
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** failures * (1 + Math.random()));
    if (retryAfter) await new Promise((resolve) => setTimeout(resolve, retryAfter * 1000));
    else await this.#pause(wait);
  }

  /** Sleeps until the time is over or something wakes us: the line is back, the tab is seen again. */
  #pause(milliseconds) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#sleepers.delete(done);
        resolve();
      };
      const timer = milliseconds === undefined ? undefined : setTimeout(done, milliseconds);
      this.#sleepers.add(done);
    });
  }

  #wake() {
    for (const done of [...this.#sleepers]) done();
  }

  /** After a change of network what is under way may be dead without knowing it: ask anew, at once. */
  #again() {
    for (const deadline of [...this.#asking]) deadline.end();
    this.#wake();
  }
}
