// Parts that the page is made of: its templates, what is announced, and code with a button that copies it.

export const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Speaks `text` to screen readers. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

export async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C";
    getSelection().selectAllChildren(button.parentElement.querySelector("code, .answer") ?? button);
  }
  announce(button.textContent);
  setTimeout(() => (button.textContent = label), 1500);
}

/** A block of code. Its button copies `what`, without a last line break, which a shell takes as Enter. */
export function codeFigure(caption, what, text = "") {
  const figure = clone("code-template");
  const code = figure.querySelector("code");
  const button = figure.querySelector("button");
  figure.querySelector("figcaption").textContent = caption;
  code.textContent = text;
  button.setAttribute("aria-label", `Copy the ${what}`);
  button.addEventListener("click", () => copy(button, code.textContent.trimEnd()));
  return figure;
}
