// What a user of OpenAI's SDK for JavaScript does: URL, key and model are its arguments.
import OpenAI from "openai";

const [url, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const messages = [{ role: "developer", content: "Be brief." }, { role: "user", content: "Hello" }];
const schema = {
  type: "object",
  properties: { city: { enum: ["Paris", "Rome"] }, degrees: { enum: [20, 21, null] } },
  required: ["city", "degrees"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", parameters: schema, strict: true } }];

const chat = await client.chat.completions.create({ model, messages, max_tokens: 4 });

let stream = "";
for await (const piece of await client.chat.completions.create({ model, messages, max_tokens: 4, stream: true })) {
  stream += piece.choices[0]?.delta?.content ?? "";
}

const parsed = await client.chat.completions.parse({
  model, messages, max_tokens: 500,
  response_format: { type: "json_schema", json_schema: { name: "weather", schema, strict: true } },
});

const called = await client.chat.completions.create({
  model, messages, max_tokens: 500, tools, tool_choice: "required", parallel_tool_calls: false,
});
const [call] = called.choices[0].message.tool_calls;

const streamed = await client.chat.completions
  .stream({ model, messages, max_tokens: 500, tools, tool_choice: "required", parallel_tool_calls: false })
  .finalChatCompletion();

const result = { role: "tool", tool_call_id: call.id, content: "Rain." };
const final = await client.chat.completions.create({
  model, messages: [...messages, called.choices[0].message, result], max_tokens: 4, tools, tool_choice: "none",
});

console.log(JSON.stringify({
  chat: chat.choices[0].message.content,
  stream,
  structured: JSON.parse(parsed.choices[0].message.content),
  call: { name: call.function.name, arguments: JSON.parse(call.function.arguments) },
  streamed_call: JSON.parse(streamed.choices[0].message.tool_calls[0].function.arguments),
  final: final.choices[0].message.content,
}));
