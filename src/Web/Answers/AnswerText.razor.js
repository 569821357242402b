// Shows an answer while it streams. What is in the page already stays as it is: only what changed is touched, so that a
// formula is typeset once, a selection survives, and the work of an update does not grow with the answer.
import katex from '/lib/katex/katex.mjs';

// Formulas are typeset for at most this long at a stretch; what is left waits for the next frames.
const sliceMilliseconds = 12;

// What each host shows: which life of the answer, how many blocks and nodes of it are finished, and what is still to do:
// formulas to typeset, and finished blocks to look at after that.
const views = new WeakMap();

/**
 * Adds finished blocks after the first `from` and replaces what follows them, the tail. May be called twice with the same: a
 * call, or its answer, may have been lost on the way.
 */
export function show(host, life, from, fresh, tail) {
  if (!host) return;
  const view = viewOf(host, life);
  const wanted = parse(fresh.slice(view.blocks - from).join(''));
  const finished = view.nodes + wanted.childNodes.length;
  const growing = parse(tail);
  for (const math of growing.querySelectorAll('.math.unfinished')) math.classList.add('growing');
  wanted.append(growing);
  // A block that was the tail a moment ago stays where it is; it is not made anew.
  morph(host, host.childNodes[view.nodes], wanted, view.waiting);
  view.fresh.push(...[...host.childNodes].slice(view.nodes, finished));
  view.nodes = finished;
  view.blocks = Math.max(view.blocks, from + fresh.length);
  work(view, goAlong);
}

/** Typesets the formulas of an answer that came whole. */
export function typeset(host) {
  if (host) work({ waiting: [...host.querySelectorAll('.math:not(.done)')], fresh: [...host.children] }, () => {});
}

function viewOf(host, life) {
  let view = views.get(host);
  if (view?.life !== life) {
    host.replaceChildren();
    view = { life, blocks: 0, nodes: 0, waiting: [], fresh: [] };
    views.set(host, view);
    following = isEndInSight();
  }
  return view;
}

// The HTML was sanitised by the server; formulas are text until KaTeX, which trusts nothing, makes its own elements of them.
function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  for (const node of [...template.content.childNodes]) if (node.nodeType === Node.TEXT_NODE && !node.data.trim()) node.remove();
  return template.content;
}

// Makes the children of `parent` from `old` on those of `wanted`, keeping every node that need not change.
function morph(parent, old, wanted, waiting) {
  for (let node = wanted.firstChild; node;) {
    const next = node.nextSibling;
    if (!old) {
      parent.append(node);
      collect(node, waiting);
    } else {
      const after = old.nextSibling;
      if (old.nodeName !== node.nodeName || isMath(old) !== isMath(node)) {
        old.replaceWith(node);
        collect(node, waiting);
      } else if (isMath(node)) {
        if (sourceOf(old) !== sourceOf(node)) renew(old, node, waiting);
      } else if (node.nodeType === Node.ELEMENT_NODE) {
        copyAttributes(old, node);
        morph(old, old.firstChild, node, waiting);
      } else if (old.data !== node.data) {
        old.data = node.data;
      }
      old = after;
    }
    node = next;
  }
  while (old) {
    const after = old.nextSibling;
    old.remove();
    old = after;
  }
}

const isMath = node => node.nodeType === Node.ELEMENT_NODE && node.classList.contains('math');

const texOf = math => math.dataset.tex ?? math.textContent;

const sourceOf = math => ['display', 'unfinished', 'growing'].map(name => math.classList.contains(name)).join() + texOf(math);

function collect(node, waiting) {
  if (isMath(node)) waiting.push(node);
  else if (node.nodeType === Node.ELEMENT_NODE) waiting.push(...node.querySelectorAll('.math'));
}

// A formula that grows shows what could be read of it a moment ago until more of it can be read.
function renew(old, node, waiting) {
  old.replaceWith(node);
  if (old.classList.contains('growing') && old.classList.contains('done') && node.classList.contains('growing')) {
    node.dataset.tex = node.textContent;
    node.classList.add('done');
    node.replaceChildren(...old.childNodes);
  }
  waiting.push(node);
}

function copyAttributes(old, node) {
  for (const { name } of [...old.attributes]) if (!node.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of node.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

// Typesets what waits, first come first served.
function work(view, after) {
  const until = performance.now() + sliceMilliseconds;
  while (view.waiting.length > 0 && performance.now() < until) {
    const math = view.waiting.shift();
    if (math.isConnected) render(math);
  }
  after();
  if (view.waiting.length > 0) requestAnimationFrame(() => work(view, after));
  else for (const block of view.fresh.splice(0)) makeReachable(block);
}

// What is wider than the page scrolls by itself: by touch and wheel, and, in the order of the keys, by arrows.
function makeReachable(block) {
  const wide = 'pre, table, .math.display';
  for (const element of [block, ...block.querySelectorAll(wide)]) {
    if (element.matches(wide) && element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  }
}

function render(math) {
  const tex = texOf(math);
  const known = math.classList.contains('done');
  math.classList.add('done');
  math.dataset.tex = tex;
  try {
    math.innerHTML = katex.renderToString(math.classList.contains('unfinished') ? complete(tex) : tex, {
      displayMode: math.classList.contains('display'), trust: false, strict: 'ignore',
      maxSize: 20, maxExpand: 300, throwOnError: true, output: 'htmlAndMathml',
    });
  } catch {
    // The source is shown where there is nothing more to come, and nothing where there was nothing to read yet.
    if (!math.classList.contains('growing')) {
      math.textContent = tex;
      math.classList.add('raw');
    } else if (!known) math.replaceChildren();
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

// The page goes along with the newest words while its end is in sight, until somebody scrolls up. Its height changes by itself:
// only a move up at the same height is somebody's.
const page = document.documentElement;
let following = isEndInSight();
let height = page.scrollHeight;
let top = page.scrollTop;

addEventListener('scroll', () => {
  if (isEndInSight()) following = true;
  else if (page.scrollHeight === height && page.scrollTop < top) following = false;
  remember();
}, { passive: true });

function goAlong() {
  if (!following) return;
  window.scrollTo({ top: page.scrollHeight });
  remember();
}

function remember() {
  height = page.scrollHeight;
  top = page.scrollTop;
}

function isEndInSight() {
  return page.scrollHeight - page.scrollTop - page.clientHeight < 120;
}
