// The page: reads config.json, then wires the form, the health pill and the history.
import { announce, Entry, snippets } from "./entry.js";
import { openingOf, stageOf } from "./explain.js";
import { Health } from "./health.js";

const byId = (id) => document.getElementById(id);
const form = byId("composer");
const prompt = byId("prompt");
const key = byId("key");
const settings = form.querySelector(".settings");
const entries = [];

const HEALTH_WORDS = {
  ready: "Ready",
  draining: "Restarting",
  failed: "Did not start",
  unavailable: "Not available",
};

async function readConfig() {
  const response = await fetch("config.json");
  if (!response.ok) throw new Error(`config.json answered ${response.status}`);
  return response.json();
}

function applyConfig({ model, maxTokens, temperature, apiKeyRequired }) {
  const name = model.split("/").pop();
  for (const place of document.querySelectorAll("[data-model]")) place.textContent = name;
  document.title = `Ask ${name}`;
  const field = byId("max-tokens");
  field.max = maxTokens;
  field.value = Math.min(field.value, maxTokens);
  byId("max-tokens-hint").textContent = `1 to ${maxTokens}`;
  byId("temperature").value = temperature;
  byId("temperature-value").textContent = `${temperature.toFixed(1)} (the model's own)`;
  askForKey(apiKeyRequired);
  byId("send").disabled = false;
}

function askForKey(required) {
  byId("key-field").hidden = !required;
  key.required = required;
}

/** The temperature is left to the model until the visitor has moved it. */
function requestFor(config, text) {
  const temperature = byId("temperature");
  return {
    model: config.model,
    messages: [{ role: "user", content: text }],
    max_tokens: byId("max-tokens").valueAsNumber,
    ...("moved" in temperature.dataset && { temperature: temperature.valueAsNumber }),
  };
}

function showHealth({ state }) {
  const pill = byId("health");
  const words = state.status === "closed" ? `Opens ${openingOf(state)}` : HEALTH_WORDS[state.status] ?? stageOf(state);
  if (pill.dataset.status !== state.status && pill.dataset.status !== "unknown") announce(words);
  pill.dataset.status = state.status;
  pill.textContent = words;
}

function start(config) {
  const health = new Health(config);
  health.addEventListener("change", () => showHealth(health));
  health.refresh();

  function send(request) {
    const entry = new Entry(entries.length + 1, request, { config, health, onEdit: () => replacePrompt(entry.prompt), onRetry: retry });
    entries.push(entry);
    byId("first-call").hidden = true;
    byId("visit").hidden = false;
    byId("history").prepend(entry.element);
    entry.element.scrollIntoView({ block: "nearest" });
    announce("Generating an answer.");
    entry.run(key.value).then((error) => error?.kind === 401 && refuseKey());
    return entry;
  }

  function refuseKey() {
    askForKey(true);
    key.focus();
  }

  /** What had arrived stays on the page; an entry without an answer makes way for the new try. */
  function retry(entry) {
    if (!entry.answer) entry.element.remove();
    send(entry.request).element.querySelector(".stop").focus();
  }

  function submit(event) {
    event.preventDefault();
    const text = prompt.value.trim();
    if (!text) {
      announce("Type a prompt first.");
      prompt.focus();
      return;
    }
    prompt.value = "";
    if (matchMedia("(pointer: coarse)").matches) prompt.blur();
    send(requestFor(config, text));
  }

  form.addEventListener("submit", submit);
  form.addEventListener("invalid", () => (settings.open = true), { capture: true });
  byId("first-call").append(...snippets(config, requestFor(config, byId("examples").querySelector("button").textContent)));
}

function wireKeyboard() {
  const isMac = navigator.platform.startsWith("Mac");
  if (isMac) byId("shortcut").firstElementChild.textContent = "⌘";
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") entries.findLast((entry) => entry.streaming)?.stop();
  });
}

/** Typed in by the browser, so that undo brings back what stood there. */
function replacePrompt(text) {
  prompt.focus();
  prompt.select();
  document.execCommand("insertText", false, text);
}

function wireExamples() {
  byId("examples").addEventListener("click", ({ target }) => {
    if (target.matches("button")) replacePrompt(target.textContent);
  });
}

byId("temperature").addEventListener("input", ({ target }) => {
  target.dataset.moved = "";
  byId("temperature-value").textContent = target.valueAsNumber.toFixed(1);
});
wireKeyboard();
wireExamples();
try {
  const config = await readConfig();
  applyConfig(config);
  start(config);
} catch (error) {
  const broken = byId("broken");
  broken.textContent = `This page cannot find its API (${error.message}). Reload it in a minute.`;
  broken.hidden = false;
}
