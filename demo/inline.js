// Code, emphasis and escapes within a block of Markdown, in time that grows with its length alone.

const ESCAPE = /\\[!-/:-@[-`{-~]/y;
const RUN = /`+|\*+|_+/y;
const PLAIN = /[^\\`*_]+|[^]/y;
const TAGS = ["", "em", "strong"];
const isSpace = (character) => !character || /\s/.test(character);
const isWord = (character) => /[\p{L}\p{N}]/u.test(character ?? "");

export function element(tag, children = []) {
  const node = document.createElement(tag);
  for (const child of children) node.append(child);
  return node;
}

/** Collects nodes; a span that was opened holds those that follow, until it is closed or turns out to be none. */
class Spans {
  #stack = [{ nodes: [] }];

  get nodes() {
    return this.#stack[0].nodes;
  }

  add(node) {
    this.#stack.at(-1).nodes.push(node);
  }

  /** Opens spans of `length` marks; within one of its own kind, marks are text. */
  open(character, length) {
    for (let left = length; left > 0; left -= 2) {
      const size = Math.min(left, 2);
      const isOpen = this.#stack.some((span) => span.character === character && span.size === size);
      if (isOpen) this.add(character.repeat(size));
      else this.#stack.push({ character, size, nodes: [] });
    }
  }

  /** Closes what `length` marks can close; returns how many are left. */
  close(character, length) {
    const index = this.#stack.findLastIndex((span) => span.character === character && span.size <= length);
    if (index < 0) return length;
    this.end(index + 1, false);
    const span = this.#stack.pop();
    this.add(element(TAGS[span.size], span.nodes));
    return this.close(character, length - span.size);
  }

  /** Ends the spans from `depth` on without their closing marks, as spans or as text. */
  end(depth, asSpans) {
    while (this.#stack.length > depth) {
      const span = this.#stack.pop();
      if (asSpans) this.add(element(TAGS[span.size], span.nodes));
      else for (const node of [span.character.repeat(span.size), ...span.nodes]) this.add(node);
    }
  }
}

/** The nodes of `text`. Of a text that still arrives, a span without its end reaches as far as the text. */
export function inline(text, isArriving) {
  const spans = new Spans();
  const unclosed = new Set();
  let at = 0;

  function next(pattern) {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  }

  function code(run) {
    const start = at + run.length;
    const rest = text.slice(start);
    const length = unclosed.has(run) ? -1 : rest.search(new RegExp(`(?<!\`)${run}(?!\`)`));
    if (length < 0) unclosed.add(run);
    if (length < 0 && !isArriving) {
      spans.add(run);
      return start;
    }
    const content = length < 0 ? rest : rest.slice(0, length);
    spans.add(element("code", [content.replace(/^ (?=.*[^ ])(.*) $/s, "$1")]));
    return start + content.length + run.length;
  }

  function emphasis(run) {
    const [character] = run;
    const [before, after] = [text[at - 1], text[at + run.length]];
    const isInWord = character === "_" && isWord(before) && isWord(after);
    const opens = !isSpace(after) && !isInWord;
    const closes = !isSpace(before) && !isInWord;
    const left = closes ? spans.close(character, run.length) : run.length;
    if (opens) spans.open(character, left);
    else if (!isArriving || after) spans.add(character.repeat(left)); // else what follows tells what it is
    return at + run.length;
  }

  while (at < text.length) {
    const run = next(RUN);
    if (run) {
      at = run.startsWith("`") ? code(run) : emphasis(run);
    } else {
      const escape = next(ESCAPE);
      const plain = escape ?? next(PLAIN);
      spans.add(escape ? escape[1] : plain);
      at += plain.length;
    }
  }
  spans.end(1, isArriving);
  return spans.nodes;
}
