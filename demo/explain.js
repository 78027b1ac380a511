// Every failure in the visitor's words: what happened, and what to do.

const STAGES = {
  boot: "Booting",
  gateway: "Booting",
  imports: "Starting engine",
  weights: "Loading weights",
  compile: "Compiling",
  first_token: "First token",
};

export function stageOf({ stage, elapsed_seconds }) {
  const words = STAGES[stage] ?? "Starting";
  return elapsed_seconds === undefined ? words : `${words}, ${Math.round(elapsed_seconds)} s`;
}

/** Day and time of the opening, by the visitor's clock. */
export function openingOf({ wait }) {
  const opening = new Date(Date.now() + wait * 1000);
  return opening.toLocaleString([], { weekday: "long", hour: "2-digit", minute: "2-digit" });
}

function explainUnavailable(health, quote) {
  switch (health.status) {
    case "loading":
      return ["The model is starting.", `${stageOf(health)} so far. A start takes less than five minutes.`];
    case "ready":
      return ["The service is busy.", `${quote} Wait a moment, then try again.`];
    case "leaving":
    case "draining":
      return ["The service is restarting.", "It takes new prompts again in a moment."];
    case "failed":
      return ["The model did not start.", "Its host is being replaced, which takes a few minutes."];
    case "closed":
      return ["The service is closed.", `It opens ${openingOf(health)}.`];
    default:
      return ["The service is not available.", "Try again in a minute."];
  }
}

/** Title and advice for an ApiError, given what /health last said. */
export function explain(error, health) {
  const quote = error.message ? `The API says: ${error.message}` : "";
  if (error.code === "context_length_exceeded") {
    const advice = "Begin a new chat, shorten the prompt, or ask for fewer tokens in the settings.";
    return ["This is more than the model can hold at once.", `${quote} ${advice}`];
  }
  switch (error.kind) {
    case 400:
      return ["The API did not accept this.", `${quote} Edit the prompt or the settings, then send it again.`];
    case 401:
      return ["The API key is missing or wrong.", "Check the key above the Send button, then try again."];
    case 403:
      return ["The API refused this connection.", `${quote} Try from another network.`];
    case 413:
      return ["This is too long to send.", "Shorten the prompt, or begin a new chat."];
    case 429:
      return ["A limit is reached.", quote || "Wait a moment, then try again."];
    case 503:
      return explainUnavailable(health, quote);
    case 504:
      return ["The answer took too long.", "Ask for fewer tokens in the settings, or try again when it is less busy."];
    case "network":
      return navigator.onLine
        ? ["The API cannot be reached.", "Check your connection, or try again in a minute."]
        : ["You are offline.", "Try again once you are connected."];
    case "cut":
      return ["The answer was cut off.", "The connection broke. What had arrived is kept."];
    case "malformed":
      return ["The answer makes no sense.", "Something between you and the API may have changed it. Try again."];
    default:
      return ["The service has a problem.", `${quote} Try again later.`];
  }
}
