// Shows an answer while it streams: finished blocks are put into the page once, only the tail is replaced.
import katex from '/lib/katex/katex.mjs';

const lastGood = new WeakMap();

/** Adds finished blocks and replaces the tail of a streamed answer. */
export function show(host, fresh, tail, startsOver) {
  if (!host) return;
  const follow = isAtBottom();
  if (startsOver || !host.querySelector(':scope > .tail')) {
    host.replaceChildren(make('finished'), make('tail'));
  }
  const [finished, end] = host.children;
  const before = finished.childElementCount;
  for (const html of fresh) finished.append(...parse(html, null).childNodes);
  for (const block of [...finished.children].slice(before)) makeReachable(block);
  end.replaceChildren(...parse(tail, end).childNodes);
  if (follow) window.scrollTo({ top: document.documentElement.scrollHeight });
}

/** Typesets the formulas of an answer that came whole. */
export function typeset(host) {
  if (!host) return;
  render(host, null);
  makeReachable(host);
}

// What is wider than the page scrolls by itself: by touch and wheel, and, in the order of the keys, by arrows.
function makeReachable(block) {
  const wide = 'pre, table, .math.display';
  for (const element of [block, ...block.querySelectorAll(wide)]) {
    if (element.matches(wide) && element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
}

function make(name) {
  const element = document.createElement('div');
  element.className = name;
  return element;
}

// The HTML was sanitised by the server; formulas are text until KaTeX, which trusts nothing, makes its own elements of them.
function parse(html, memory) {
  const template = document.createElement('template');
  template.innerHTML = html;
  render(template.content, memory);
  return template.content;
}

function render(root, memory) {
  for (const element of root.querySelectorAll('.math:not(.done)')) {
    const tex = element.textContent;
    const unfinished = element.classList.contains('unfinished');
    element.classList.add('done');
    element.dataset.tex = tex;
    const options = {
      displayMode: element.classList.contains('display'), trust: false, strict: 'ignore',
      maxSize: 20, maxExpand: 300, throwOnError: true, output: 'htmlAndMathml',
    };
    try {
      katex.render(unfinished ? complete(tex) : tex, element, options);
      if (unfinished && memory) lastGood.set(memory, element.innerHTML);
    } catch {
      // While it streams, what could be read a moment ago stays; at the end the source is shown.
      if (unfinished && memory && lastGood.has(memory)) element.innerHTML = lastGood.get(memory);
      else { element.textContent = tex; element.classList.add('raw'); }
    }
  }
}

// Closes what a half-written formula has open.
function complete(tex) {
  let text = tex.replace(/\\[a-zA-Z]*$/, '').replace(/[\^_]\s*$/, '').replace(/\\(begin|end|left|right)\s*\{?[a-zA-Z*]*$/, '');
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
  }
  text += '}'.repeat(Math.max(0, depth));
  const halfFraction = text.match(/\\d?frac\{[^{}]*\}$/);
  if (halfFraction) text += '{}';
  const open = [];
  for (const [, word, name] of text.matchAll(/\\(begin|end)\{([a-zA-Z*]+)\}/g)) word === 'begin' ? open.push(name) : open.pop();
  const lefts = (text.match(/\\left(?![a-zA-Z])/g) ?? []).length - (text.match(/\\right(?![a-zA-Z])/g) ?? []).length;
  text += '\\right.'.repeat(Math.max(0, lefts));
  return text + open.reverse().map(name => `\\end{${name}}`).join('');
}

function isAtBottom() {
  const page = document.documentElement;
  return page.scrollHeight > page.clientHeight && page.scrollHeight - page.scrollTop - page.clientHeight < 120;
}
