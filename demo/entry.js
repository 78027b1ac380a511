// One prompt of this visit with its answer, as it streams in.
import { AnswerText } from "./answer.js";
import { CLOSED_SECONDS, streamChat } from "./api.js";
import { explain } from "./explain.js";
import { curl, python } from "./snippets.js";

const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

const duration = (milliseconds) =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** Speaks `text` to screen readers. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C";
    getSelection().selectAllChildren(button.parentElement.querySelector("code, .answer") ?? button);
  }
  announce(button.textContent);
  setTimeout(() => (button.textContent = label), 1500);
}

/** The curl and Python calls of a request. */
export function snippets(config, request) {
  return [["curl", curl], ["Python", python]].map(([name, write]) => {
    const figure = clone("snippet-template");
    const code = write(config, request);
    const button = figure.querySelector("button");
    figure.querySelector("figcaption").textContent = name;
    figure.querySelector("code").textContent = code;
    button.setAttribute("aria-label", `Copy the ${name} call`);
    button.addEventListener("click", () => copy(button, code));
    return figure;
  });
}

export class Entry {
  #controller = new AbortController();
  #text;
  #started = 0;
  #first = 0;
  #last = 0;
  #chunks = 0;
  #usage = null;
  #retryAt = 0;
  #timer = 0;

  /** `onRetry` is called with this entry. */
  constructor(number, request, { config, health, onEdit, onRetry }) {
    this.request = request;
    this.config = config;
    this.health = health;
    this.element = clone("entry-template");
    this.#find("h3").textContent = `Prompt ${number}`;
    this.#find(".prompt").textContent = this.prompt;
    this.#text = new AnswerText(this.#find(".answer"));
    this.#find(".code").append(...snippets(config, request));
    this.#find(".stop").addEventListener("click", () => this.stop());
    this.#find(".edit").addEventListener("click", onEdit);
    this.#find(".retry").addEventListener("click", () => onRetry(this));
    const copyButton = this.#find(".actions .copy");
    copyButton.addEventListener("click", () => copy(copyButton, this.answer));
  }

  get prompt() {
    return this.request.messages[0].content;
  }

  get answer() {
    return this.#text.text;
  }

  get streaming() {
    return this.element.classList.contains("streaming");
  }

  stop() {
    this.#controller.abort();
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }

  /** Resolves to null, or to what went wrong. */
  async run(key) {
    this.element.classList.add("streaming");
    this.#started = performance.now();
    try {
      const signal = this.#controller.signal;
      for await (const chunk of streamChat(this.config, this.request, { key, signal })) this.#take(chunk);
      announce(`Answer: ${this.answer}`);
      return null;
    } catch (error) {
      await this.#fail(error);
      return error;
    } finally {
      this.#end();
    }
  }

  #take({ choices: [choice], usage }) {
    this.#usage = usage ?? this.#usage;
    const text = choice?.delta?.content;
    if (text) {
      this.#last = performance.now();
      this.#first ||= this.#last;
      this.#chunks += 1;
      this.#text.append(text);
      this.#showTimings();
    }
    if (choice?.finish_reason === "length") {
      this.#notice("The answer reached its limit.", `Raise max tokens (${this.request.max_tokens}) for a longer one.`);
    }
  }

  #end() {
    this.#controller.abort(); // ends the work on an answer that could not be read to its end
    this.#text.end();
    this.element.classList.remove("streaming");
    const stopButton = this.#find(".stop");
    const copyButton = this.#find(".actions .copy");
    copyButton.hidden = !this.answer;
    if (document.activeElement === stopButton) (this.answer ? copyButton : this.#find(".edit")).focus();
    stopButton.hidden = true;
    if (this.answer) this.#showTimings();
  }

  #showTimings() {
    const tokens = this.#usage?.completion_tokens ?? this.#chunks;
    const streamed = (this.#last - this.#first) / 1000;
    const timings = {
      first: duration(this.#first - this.#started),
      speed: tokens > 1 && streamed > 0 ? `${((tokens - 1) / streamed).toFixed(1)} tokens/s` : "–",
      total: duration(performance.now() - this.#started),
      length: `${tokens} ${tokens === 1 ? "token" : "tokens"}`,
    };
    for (const [name, value] of Object.entries(timings)) {
      this.#find(`[data-timing=${name}]`).textContent = value;
    }
    this.#find(".timings").hidden = false;
  }

  #notice(title, advice) {
    this.#find(".notice strong").textContent = title;
    this.#find(".notice span").textContent = advice;
    this.#find(".notice").hidden = false;
  }

  async #fail(error) {
    if (error.name === "AbortError") {
      this.#notice("You stopped this answer.", "");
      announce("Stopped.");
      return;
    }
    if (error.kind === 503) await this.health.refresh();
    else if (error.kind === "network") this.health.refresh();
    const [title, advice] = explain(error, this.config, this.health.state);
    this.#notice(title, advice);
    this.#offerRetry(error.retryAfter);
    this.element.classList.add("failed");
    announce(`${title} ${advice}`);
    if (error.kind === 503) this.#followHealth(error);
  }

  /** Counts down to "Try again" by the clock, since a hidden tab's timers are slowed. */
  #offerRetry(wait) {
    this.#retryAt = Date.now() + wait * 1000;
    this.#timer = setInterval(() => this.#countDown(), 250);
    this.#countDown();
  }

  #countDown() {
    const left = Math.ceil((this.#retryAt - Date.now()) / 1000);
    const button = this.#find(".retry");
    button.disabled = left > 0;
    button.textContent = left > CLOSED_SECONDS ? "Try again later" : left > 0 ? `Try again in ${left} s` : "Try again";
    if (left <= 0) clearInterval(this.#timer);
  }

  /** Keeps the notice of a model that starts true, and ends the wait once it is ready. */
  #followHealth(error) {
    if (this.health.state.status !== "loading") return;
    const update = () => {
      if (this.health.state.status === "ready") {
        this.health.removeEventListener("change", update);
        this.#notice("The model is ready now.", "");
        this.#retryAt = 0;
        this.#countDown();
      } else {
        this.#notice(...explain(error, this.config, this.health.state));
      }
    };
    this.health.addEventListener("change", update);
  }
}
