// One prompt of this visit with its answer, as it streams in.
import { CLOSED_SECONDS, streamChat } from "./api.js";
import { explain } from "./explain.js";
import { Markdown } from "./markdown.js";
import { announce, codeFigure, clone, copy } from "./parts.js";
import { curl, python } from "./snippets.js";

const duration = (milliseconds) =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** The curl and Python calls of a request. */
export function snippets(config, request) {
  return [["curl", curl], ["Python", python]].map(([name, write]) =>
    codeFigure(name, `${name} call`, write(config, { model: config.model, ...request })),
  );
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
    this.#text = new Markdown(this.#find(".answer"));
    this.#find(".code").append(...snippets(config, request));
    this.#find(".stop").addEventListener("click", () => this.stop());
    this.#find(".edit").addEventListener("click", onEdit);
    this.#find(".retry").addEventListener("click", () => onRetry(this));
    const copyButton = this.#find(".actions .copy");
    copyButton.addEventListener("click", () => copy(copyButton, this.answer));
  }

  get prompt() {
    return this.request.messages.at(-1).content;
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
      announce(`Answer: ${this.#find(".answer").innerText}`);
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
      this.#follow(() => {
        this.#text.append(text);
        this.#showTimings();
      });
    }
    if (choice?.finish_reason === "length") {
      this.#notice("The answer reached its limit.", `Raise max tokens (${this.request.max_tokens}) for a longer one.`);
    }
  }

  /** Keeps the answer's end in view, unless the visitor has scrolled away from it. */
  #follow(change) {
    const end = this.#find(".actions");
    const { top, bottom } = end.getBoundingClientRect();
    change();
    if (top >= 0 && bottom <= innerHeight) end.scrollIntoView({ block: "nearest" });
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
    const [title, advice] = explain(error, this.health.state);
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
    const wait = left > CLOSED_SECONDS ? "later" : left > 120 ? `in ${Math.ceil(left / 60)} min` : `in ${left} s`;
    button.textContent = left > 0 ? `Try again ${wait}` : "Try again";
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
        this.#notice(...explain(error, this.health.state));
      }
    };
    this.health.addEventListener("change", update);
  }
}
