// The API as the page sees it: streamed chat completions, health, and one kind of error.

/** A failed call. `kind` is an HTTP status, or "network", "cut" or "malformed"; `code` is the API's own. */
export class ApiError extends Error {
  constructor(kind, { message = "", code, retryAfter = 0 } = {}) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

const retryAfter = (headers) => Number(headers.get("Retry-After")) || 0;

async function errorOf(response) {
  const body = await response.json().catch(() => null);
  return new ApiError(response.status, {
    message: body?.error?.message,
    code: body?.error?.code,
    retryAfter: retryAfter(response.headers),
  });
}

/** Turns a failure of the connection into `kind`, and lets the visitor's own stop through. */
function connectionError(error, kind) {
  return error.name === "AbortError" ? error : new ApiError(kind);
}

async function* dataOfEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw connectionError(error, "cut");
    });
    if (done) return;
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new ApiError("malformed");
  }
}

/** Yields each chunk of an answer; returns once the stream has ended as it should. */
export async function* streamChat({ apiUrl }, request, { key, signal }) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(`${apiUrl}/v1/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...request, stream: true, stream_options: { include_usage: true } }),
    signal,
  }).catch((error) => {
    throw connectionError(error, "network");
  });
  if (!response.ok) throw await errorOf(response);
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    throw new ApiError("malformed");
  }
  for await (const data of dataOfEvents(response.body)) {
    if (data === "[DONE]") return;
    const chunk = parse(data);
    if (chunk?.error) throw new ApiError(Number(chunk.error.code) || 500, { message: chunk.error.message });
    if (!Array.isArray(chunk?.choices)) throw new ApiError("malformed");
    yield chunk;
  }
  throw new ApiError("cut");
}

/** A longer wait than any boot: the service has office hours, and no host until it opens. */
export const CLOSED_SECONDS = 600;

/** What /health says, "closed" with the seconds until it opens, or "unavailable". It answers 503 with the same JSON until ready. */
export async function fetchHealth({ apiUrl }) {
  try {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`${apiUrl}/health`, { cache: "no-store", signal });
    const health = await response.json();
    if (health.status) return health;
    const wait = retryAfter(response.headers);
    return wait > CLOSED_SECONDS ? { status: "closed", wait } : { status: "unavailable" };
  } catch {
    return { status: "unavailable" };
  }
}
