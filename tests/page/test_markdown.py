"""What the page makes of the Markdown that models write, however the stream is cut. Run in the page itself."""

import pytest
from playwright.sync_api import Page

from support.browser_fixtures import OpenPage

RENDER = """async ([pieces, ends]) => {
  const { Markdown } = await import("/markdown.js");
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  for (const piece of pieces) markdown.append(piece);
  if (ends) markdown.end();
  for (const figure of root.querySelectorAll("figure")) {
    const code = document.createElement("pre");
    code.lang = figure.querySelector("figcaption").textContent;
    code.textContent = figure.querySelector("code").textContent;
    figure.replaceWith(code);
  }
  return root.innerHTML;
}"""

ANSWERS = {
    "paragraphs": ("One\ntwo\n\nThree", "<p>One\ntwo</p><p>Three</p>"),
    "emphasis": (
        "*a* _b_ **c** __d__ ***e***",
        "<p><em>a</em> <em>b</em> <strong>c</strong> <strong>d</strong> <strong><em>e</em></strong></p>",
    ),
    "emphasis in emphasis": ("**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"),
    "emphasis across lines": ("*a\nb*", "<p><em>a\nb</em></p>"),
    "emphasis that never ends": ("**a *b", "<p>**a *b</p>"),
    "emphasis that ends in the wrong order": ("*a **b* c", "<p><em>a **b</em> c</p>"),
    "signs that are no emphasis": ("2 * 3 * 4, snake_case_name, a ** b", "<p>2 * 3 * 4, snake_case_name, a ** b</p>"),
    "escapes": (r"\*a\* \`b\` C:\temp", r"<p>*a* `b` C:\temp</p>"),
    "inline code": ("`a*b*` and `` `c` ``", "<p><code>a*b*</code> and <code>`c`</code></p>"),
    "a backslash ends no code's end": (r"`\` and `b`", r"<p><code>\</code> and <code>b</code></p>"),
    "a backtick alone": ("It`s *so*", "<p>It`s <em>so</em></p>"),
    "headings": ("# A *b*\nc\n### D\n\nE #1", "<h4>A <em>b</em></h4><p>c</p><h4>D</h4><p>E #1</p>"),
    "a hash that is no heading": ("#1 is it", "<p>#1 is it</p>"),
    "rules": ("a\n\n---\n* * *\nb", "<p>a</p><hr><hr><p>b</p>"),
    "a list": ("- a\n- **b**\n- c", "<ul><li><p>a</p></li><li><p><strong>b</strong></p></li><li><p>c</p></li></ul>"),
    "a list with gaps": ("1. a\n\n2. b", '<ol start="1"><li><p>a</p></li><li><p>b</p></li></ol>'),
    "a list that goes on after a text": (
        "1. a\n\nText\n\n2) b",
        '<ol start="1"><li><p>a</p></li></ol><p>Text</p><ol start="2"><li><p>b</p></li></ol>',
    ),
    "lists in lists": (
        "1. a\n   - b\n     * c\n   - d\n2. e\n  - f",
        '<ol start="1"><li><p>a</p><ul><li><p>b</p><ul><li><p>c</p></li></ul></li><li><p>d</p></li></ul></li>'
        "<li><p>e</p><ul><li><p>f</p></li></ul></li></ol>",
    ),
    "an item of two lines and two paragraphs": (
        "- a\n  b\n\n  c\n\nd",
        "<ul><li><p>a\nb</p><p>c</p></li></ul><p>d</p>",
    ),
    "another kind of list": ("- a\n1. b", '<ul><li><p>a</p></li></ul><ol start="1"><li><p>b</p></li></ol>'),
    "a number at the beginning": ("1990 was good.\n3.5 too", "<p>1990 was good.\n3.5 too</p>"),
    "code": ("```python\nx = '``'\n\n\ty\n```\nz", "<pre lang=\"python\">x = '``'\n\n\ty\n</pre><p>z</p>"),
    "code within an item": (
        "1. a\n   ```\n   x\n     y\n   ```\n2. b",
        '<ol start="1"><li><p>a</p><pre lang="code">x\n  y\n</pre></li><li><p>b</p></li></ol>',
    ),
    "code in a longer fence": ("~~~~\n~~~\n```\n~~~~", '<pre lang="code">~~~\n```\n</pre>'),
    "code that never ends": ("```\nx\n``", '<pre lang="code">x\n``</pre>'),
    "code that ends with the answer": ("```\nx\n```", '<pre lang="code">x\n</pre>'),
    "a fence within a line": ("```a``` b", "<p><code>a</code> b</p>"),
    "Markdown in code": ("```\n# a\n- *b*\n```", '<pre lang="code"># a\n- *b*\n</pre>'),
    "HTML": ("<b>a</b> &amp;\n<script>", "<p>&lt;b&gt;a&lt;/b&gt; &amp;amp;\n&lt;script&gt;</p>"),
    "what stays as it is": ("[a](javascript:b) ![c](d)\n> e\n| f |", "<p>[a](javascript:b) ![c](d)\n&gt; e\n| f |</p>"),
    "signs at the end": ("a\n``", "<p>a\n``</p>"),
    "line ends of other systems": ("a\r\n- b\r\n", "<p>a</p><ul><li><p>b</p></li></ul>"),
}


def pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.req("R9.3")
def test_markdown_becomes_elements_however_the_stream_is_cut(open_page: OpenPage) -> None:
    page = open_page("http://127.0.0.1:9")
    shown = {
        (name, size): page.evaluate(RENDER, [pieces(text, size), True])
        for name, (text, _) in ANSWERS.items()
        for size in (1, 2, 3, 1000)
    }
    assert shown == {(name, size): ANSWERS[name][1] for name, size in shown}


def render_part(page: Page, text: str) -> str:
    return page.evaluate(RENDER, [pieces(text, 1), False])


@pytest.mark.parametrize(
    ("arrived", "shown"),
    [
        ("a **b c", "<p>a <strong>b c</strong></p>"),
        ("a **b*", "<p>a <strong>b</strong></p>"),
        ("a `b", "<p>a <code>b</code></p>"),
        ("- a\n-", "<ul><li><p>a</p></li></ul>"),
        ("```py", ""),
        ("```py\nx =", '<pre lang="py">x =</pre>'),
        ("```py\nx\n`", '<pre lang="py">x\n</pre>'),
    ],
)
def test_half_of_it_is_shown_as_what_it_will_be(open_page: OpenPage, arrived: str, shown: str) -> None:
    assert render_part(open_page("http://127.0.0.1:9"), arrived) == shown


@pytest.mark.parametrize("piece", ["**a ", "*a_b ", "`", "`` ` ", "- ", "  - a\n", "* * a ", "1. a\n\n"])
def test_answer_that_repeats_itself_for_long_is_shown(open_page: OpenPage, piece: str) -> None:
    page = open_page("http://127.0.0.1:9")
    assert page.evaluate(RENDER, [[piece * 20_000], True])
