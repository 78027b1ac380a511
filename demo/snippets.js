// The same request as a visitor would send it from a shell or from Python.

const json = (value) => JSON.stringify(value, null, 2);

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl({ apiUrl, apiKeyRequired }, request) {
  return [
    `curl -N ${apiUrl}/v1/chat/completions`,
    "-H 'Content-Type: application/json'",
    ...(apiKeyRequired ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    `-d ${shellQuoted(json({ ...request, stream: true }))}`,
  ].join(" \\\n  ");
}

/** JSON's lists, objects, strings and numbers are Python's too. */
export function python({ apiUrl, apiKeyRequired }, request) {
  const { model, messages, max_tokens, temperature } = request;
  const sampling = temperature === undefined ? "" : `    temperature=${temperature},\n`;
  return `${apiKeyRequired ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(
    base_url=${JSON.stringify(`${apiUrl}/v1`)},
    api_key=${apiKeyRequired ? 'os.environ["API_KEY"]' : '"none"'},
)
stream = client.chat.completions.create(
    model=${JSON.stringify(model)},
    messages=${json(messages).replaceAll("\n", "\n    ")},
    max_tokens=${max_tokens},
${sampling}    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
`;
}
