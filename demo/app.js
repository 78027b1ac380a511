// The page: reads config.json, then wires the form, the health pill and the history.
import { Conversation } from "./conversation.js";
import { Entry, snippets } from "./entry.js";
import { openingOf, stageOf } from "./explain.js";
import { Health } from "./health.js";
import { announce } from "./parts.js";

const byId = (id) => document.getElementById(id);
/** A keyboard on the screen hides the answer, and has no Shift+Enter. */
const isTouched = () => matchMedia("(pointer: coarse)").matches;
const form = byId("composer");
const prompt = byId("prompt");
const key = byId("key");
const settings = form.querySelector(".settings");
const { placeholder } = prompt;
const entries = [];

const HEALTH_WORDS = {
  ready: "Ready",
  leaving: "Restarting",
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

/** Without a model, so that the hosts of the next one answer too; with a temperature once it was moved. */
function requestFor(messages, text) {
  const temperature = byId("temperature");
  return {
    messages: [...messages, { role: "user", content: text }],
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

  let conversation = new Conversation(1);

  function showConversation() {
    prompt.placeholder = conversation.isEmpty ? placeholder : "Ask a follow-up";
    byId("new").hidden = conversation.isEmpty;
    byId("examples").hidden = !conversation.isEmpty;
    byId("send").ariaDisabled = conversation.isStreaming;
  }

  async function send(request, to) {
    const entry = new Entry(entries.length + 1, request, {
      config,
      health,
      onEdit: () => replacePrompt(entry.prompt),
      onRetry: () => retry(entry, to),
    });
    entries.push(entry);
    byId("first-call").hidden = true;
    if (to.isEmpty) byId("history").append(to.element);
    to.add(entry);
    const running = entry.run(key.value);
    showConversation();
    entry.element.scrollIntoView({ block: "nearest" });
    announce("Generating an answer.");
    const error = await running;
    showConversation();
    if (error?.kind === 401) refuseKey();
  }

  function refuseKey() {
    askForKey(true);
    key.focus();
  }

  function retry(entry, from) {
    from.forget(entry);
    send(entry.request, from);
    entries.at(-1).element.querySelector(".stop").focus();
  }

  function beginConversation() {
    conversation = new Conversation(conversation.number + 1);
    showConversation();
    announce("New chat.");
    prompt.focus();
  }

  function submit(event) {
    event.preventDefault();
    const text = prompt.value.trim();
    if (!text) {
      announce("Type a prompt first.");
      prompt.focus();
      return;
    }
    if (conversation.isStreaming) {
      announce("Wait for the answer, or stop it.");
      return;
    }
    prompt.value = "";
    if (isTouched()) prompt.blur();
    send(requestFor(conversation.messages, text), conversation);
  }

  form.addEventListener("submit", submit);
  byId("new").addEventListener("click", beginConversation);
  form.addEventListener("invalid", () => (settings.open = true), { capture: true });
  byId("first-call").hidden = false;
  byId("first-call").append(...snippets(config, requestFor([], byId("examples").querySelector("button").textContent)));
}

function wireKeyboard() {
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const breaksLine = event.shiftKey || isTouched();
    if (breaksLine && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    byId("send").click();
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

byId("temperature").addEventListener("input", ({ target }) => {
  target.dataset.moved = "";
  byId("temperature-value").textContent = target.valueAsNumber.toFixed(1);
});
byId("examples").addEventListener("click", ({ target }) => {
  if (target.matches("button")) replacePrompt(target.textContent);
});
wireKeyboard();
try {
  const config = await readConfig();
  applyConfig(config);
  start(config);
} catch (error) {
  console.error(error);
  const broken = byId("broken");
  broken.textContent = "This page cannot find its API. Reload it in a minute.";
  broken.hidden = false;
}
