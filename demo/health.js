// Watches /health until the model is ready; each look is a request of the visitor's.
import { fetchHealth } from "./api.js";

const POLL_MILLISECONDS = 5000;
const CLOSED_POLL_MILLISECONDS = 60_000;

/** Fires "change" after each look; `state` is what /health said last. */
export class Health extends EventTarget {
  state = { status: "unknown" };
  #timer = 0;

  constructor(config) {
    super();
    this.config = config;
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  async refresh() {
    clearTimeout(this.#timer);
    this.state = await fetchHealth(this.config);
    clearTimeout(this.#timer);
    if (this.state.status !== "ready" && !document.hidden) {
      const closed = this.state.status === "closed";
      this.#timer = setTimeout(() => this.refresh(), closed ? CLOSED_POLL_MILLISECONDS : POLL_MILLISECONDS);
    }
    this.dispatchEvent(new Event("change"));
  }
}
