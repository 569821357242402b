// Picker, camera, drag and drop, paste; each file goes to POST /uploads by itself, two at a time, with progress.
const shown = ['image/jpeg', 'image/png', 'image/webp', 'image/avif'];
const atOnce = 2;

export function start(zone, page, maxBytes) {
  const waiting = [];
  const sending = new Map();
  const previews = new Map();
  let number = 0;

  async function take(list) {
    const files = [...list].filter(file => file);
    if (files.length === 0) return;
    const room = await page.invokeMethodAsync('Room', files.length);
    for (const file of files.slice(0, room)) {
      const key = `photo-${++number}`;
      const preview = shown.includes(file.type) ? URL.createObjectURL(file) : null;
      if (preview) previews.set(key, preview);
      await page.invokeMethodAsync('Added', key, file.name || 'photo', preview);
      if (file.size > maxBytes) await refuse(key, 'upload_too_large_here', null);
      else waiting.push({ key, file });
    }
    next();
  }

  function next() {
    while (sending.size < atOnce && waiting.length > 0) send(waiting.shift());
  }

  function send({ key, file }) {
    const request = new XMLHttpRequest();
    let told = 0;
    sending.set(key, request);
    request.open('POST', '/uploads');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-Request-Token', document.querySelector('meta[name=request-token]').content);
    request.upload.onprogress = event => {
      const now = performance.now();
      if (!event.lengthComputable || now - told < 100) return;
      told = now;
      page.invokeMethodAsync('Progress', key, event.loaded / event.total);
    };
    request.onload = async () => {
      const body = parse(request.responseText);
      if (request.status === 200 && body) await page.invokeMethodAsync('Done', key, body);
      else await refuse(key, body?.code ?? 'upload_failed', body?.message ?? null);
      done(key);
    };
    request.onerror = async () => {
      await refuse(key, 'upload_failed', null);
      done(key);
    };
    request.onabort = () => done(key);
    request.send(file);
  }

  function done(key) {
    sending.delete(key);
    release(key);
    next();
  }

  function release(key) {
    if (previews.has(key)) URL.revokeObjectURL(previews.get(key));
    previews.delete(key);
  }

  const refuse = (key, code, message) => page.invokeMethodAsync('Refused', key, code, message);

  function onChange(event) {
    if (!event.target.matches('.file-input')) return;
    // The list is emptied by the reset below, so that the same file can be chosen again.
    const files = [...event.target.files];
    event.target.value = '';
    take(files);
  }
  function onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    take(files);
  }
  let depth = 0;
  const hasFiles = event => [...(event.dataTransfer?.types ?? [])].includes('Files');
  function onEnter(event) {
    if (!hasFiles(event)) return;
    depth++;
    zone.classList.add('over');
  }
  function onLeave(event) {
    if (!hasFiles(event)) return;
    if (--depth <= 0) { depth = 0; zone.classList.remove('over'); }
  }
  function onOver(event) {
    if (hasFiles(event)) event.preventDefault();
  }
  function onDrop(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    zone.classList.remove('over');
    take(event.dataTransfer.files);
  }

  // Anywhere on the page is a good place to drop a photo.
  const listeners = [
    [zone, 'change', onChange], [document, 'paste', onPaste], [document, 'dragenter', onEnter],
    [document, 'dragleave', onLeave], [document, 'dragover', onOver], [document, 'drop', onDrop],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  // What was chosen before this script was there.
  for (const input of zone.querySelectorAll('.file-input')) onChange({ target: input });
  zone.dataset.ready = '';

  return {
    forget(key) {
      sending.get(key)?.abort();
      const at = waiting.findIndex(item => item.key === key);
      if (at >= 0) waiting.splice(at, 1);
      release(key);
    },
    stop() {
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      for (const request of sending.values()) request.abort();
      for (const key of [...previews.keys()]) release(key);
    },
  };
}

function parse(text) {
  try { return JSON.parse(text); } catch { return null; }
}
