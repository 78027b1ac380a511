// Prompts with their answers that belong together: each request carries those before it.
import { clone } from "./parts.js";

export class Conversation {
  #turns = [];

  constructor(number) {
    this.number = number;
    this.element = clone("conversation-template");
    this.element.querySelector("h2").textContent = `Chat ${number}`;
  }

  get isEmpty() {
    return !this.element.isConnected;
  }

  get isStreaming() {
    return this.#turns.some((entry) => entry.streaming);
  }

  /** What a follow-up carries: without prompts that got no answer, with answers as far as they came. */
  get messages() {
    return this.#turns
      .filter((entry) => entry.answer)
      .flatMap((entry) => [
        { role: "user", content: entry.prompt },
        { role: "assistant", content: entry.answer },
      ]);
  }

  add(entry) {
    this.#turns.push(entry);
    this.element.querySelector("ol").append(entry.element);
  }

  /** Forgets an entry that is tried again. What had arrived stays on the page. */
  forget(entry) {
    this.#turns = this.#turns.filter((turn) => turn !== entry);
    if (!entry.answer) entry.element.remove();
  }
}
