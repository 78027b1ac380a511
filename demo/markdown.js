// Markdown as elements and text nodes while it streams in: paragraphs, headings, lists, rules and blocks of code.
// What it does not know (tables, links, quotes, HTML) stays as the model wrote it.
import { element, inline } from "./inline.js";
import { codeFigure } from "./parts.js";

const FENCE = /^(\s*)(`{3,}|~{3,})([^`]*)$/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
const HEADING = /^\s*#{1,6}(?:\s+(.*))?$/;
const ITEM = /^\s*(?:[-*+]|(\d{1,9})[.)])(?:\s+(.*))?$/;
/** The beginning of a line that does not tell yet which of these it will be. */
const UNDECIDED = /^\s*(?:[-*_][-*_\s]*|\+\s*|\d{0,9}(?:(?<=\d)[.)]\s*)?|#{1,6}\s*|`{1,2}|`{3,}[^`]*|~{1,2}|~{3,}[^`]*)$/;
const MAY_END_CODE = /^\s*(?:`*|~*)\s*$/;
/** How much deeper than its marker an item's content begins. */
const NESTED = 2;

const indentOf = (line) => line.search(/\S|$/);

export class Markdown {
  text = "";
  #root;
  #lists = [];
  /** Element and text of what the next line may continue. */
  #leaf = null;
  #code = null;
  /** Of the current line, what is not placed yet. */
  #held = "";
  #isPlaced = false;

  constructor(root) {
    this.#root = root;
  }

  append(text) {
    this.text += text;
    for (const piece of text.replaceAll("\r", "").split(/(?<=\n)/)) this.#take(piece);
    this.#show(true);
  }

  /** Shows what is still held. */
  end() {
    if (this.#held) this.#place(this.#held);
    this.#held = "";
    this.#endLeaf();
  }

  /** Takes a line, or the next part of one. */
  #take(piece) {
    const isComplete = piece.endsWith("\n");
    if (this.#isPlaced) {
      this.#continue(piece);
    } else {
      this.#held += piece;
      const undecided = this.#code ? MAY_END_CODE : UNDECIDED;
      if (!isComplete && undecided.test(this.#held)) return;
      this.#place(this.#held);
      this.#held = "";
    }
    this.#isPlaced = !isComplete;
    if (isComplete && this.#leaf?.node.localName === "h4") this.#endLeaf();
  }

  #continue(piece) {
    if (this.#code) this.#code.target.append(piece);
    else this.#leaf.text += piece.replace("\n", "");
  }

  #place(line) {
    if (this.#code) this.#placeCode(line);
    else this.#placeBlock(line.replace("\n", ""));
  }

  #placeCode(line) {
    const { fence, indent, target } = this.#code;
    const mark = line.trim();
    if (mark.length >= fence.length && mark === fence[0].repeat(mark.length)) this.#code = null;
    else target.append(line.slice(Math.min(indent, indentOf(line))));
  }

  #placeBlock(line) {
    const content = line.trimStart();
    const indent = line.length - content.length;
    const [, , fence, language] = FENCE.exec(line) ?? [];
    const heading = HEADING.exec(line);
    const item = ITEM.exec(line);
    if (!content) {
      this.#endLeaf();
    } else if (fence) {
      this.#leaveLists(indent);
      this.#beginCode(fence, indent, language.trim());
    } else if (RULE.test(line)) {
      this.#leaveLists(indent);
      this.#container.append(element("hr"));
    } else if (heading) {
      this.#leaveLists(indent);
      this.#beginLeaf("h4", heading[1] ?? "");
    } else if (item) {
      this.#beginItem(indent, item[1]);
      this.#beginLeaf("p", item[2] ?? "");
    } else if (this.#leaf) {
      this.#leaf.text += this.#leaf.text ? `\n${content}` : content;
    } else {
      this.#leaveLists(indent);
      this.#beginLeaf("p", content);
    }
  }

  get #container() {
    return this.#lists.at(-1)?.item ?? this.#root;
  }

  /** Ends the lists to whose items a line with this indent does not belong. */
  #leaveLists(indent) {
    this.#endLeaf();
    while (indent < this.#lists.at(-1)?.indent + NESTED) this.#lists.pop();
  }

  #beginItem(indent, number) {
    this.#endLeaf();
    const tag = number ? "ol" : "ul";
    while (indent < this.#lists.at(-1)?.indent) this.#lists.pop();
    const isSibling = () => indent < this.#lists.at(-1)?.indent + NESTED;
    if (isSibling() && this.#lists.at(-1).node.localName !== tag) this.#lists.pop();
    if (!isSibling()) {
      const node = element(tag);
      if (number) node.start = number;
      this.#container.append(node);
      this.#lists.push({ node, indent });
    }
    const list = this.#lists.at(-1);
    list.item = element("li");
    list.node.append(list.item);
  }

  #beginCode(fence, indent, language) {
    const figure = codeFigure(language || "code", "code");
    this.#container.append(figure);
    this.#code = { fence, indent, target: figure.querySelector("code") };
  }

  #beginLeaf(tag, text) {
    const node = element(tag);
    this.#container.append(node);
    this.#leaf = { node, text };
  }

  #endLeaf() {
    this.#show(false);
    this.#leaf = null;
  }

  #show(isArriving) {
    if (!this.#leaf) return;
    const { node, text } = this.#leaf;
    node.replaceChildren();
    for (const part of inline(text, isArriving)) node.append(part);
  }
}
