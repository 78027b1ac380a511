// Streamed text as text nodes; a line of ``` begins or ends a block of code.

const FENCE = "```";

export class AnswerText {
  #target;
  #line = "";
  #held = false;

  text = "";

  constructor(element) {
    this.element = element;
    this.#target = element;
  }

  append(text) {
    this.text += text;
    for (const piece of text.split(/(?<=\n)/)) this.#appendPiece(piece);
  }

  /** A piece ends at a line's end or before it. What may become a fence is held until that is known. */
  #appendPiece(piece) {
    const isNewLine = this.#line === "";
    this.#line += piece;
    const start = this.#line.trimStart();
    const mayBeFence = (isNewLine || this.#held) && (start.startsWith(FENCE) || FENCE.startsWith(start));
    const isComplete = piece.endsWith("\n");
    if (mayBeFence && isComplete && start.startsWith(FENCE)) this.#toggleCode();
    else if (!mayBeFence || isComplete) this.#write(this.#held ? this.#line : piece);
    this.#held = mayBeFence && !isComplete;
    if (isComplete) this.#line = "";
  }

  /** Shows what is still held, unless it is the closing fence. */
  end() {
    if (this.#held && !this.#line.trimStart().startsWith(FENCE)) this.#write(this.#line);
    this.#held = false;
  }

  #write(text) {
    this.#target.append(text);
  }

  #toggleCode() {
    if (this.#target !== this.element) {
      this.#target = this.element;
      return;
    }
    this.#target = document.createElement("code");
    const block = document.createElement("pre");
    block.tabIndex = 0;
    block.append(this.#target);
    this.element.append(block);
  }
}
