// Small helpers that every page needs. No framework, no third party.
window.eduvision = {
  keep(name, value) {
    document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=34560000; samesite=lax`;
    if (name === 'colours' || name === 'system-dark') eduvision.showScheme();
  },
  cookie(name) {
    return document.cookie.split('; ').find(c => c.startsWith(name + '='))?.slice(name.length + 1);
  },
  showScheme() {
    const colours = eduvision.cookie('colours') ?? 'system';
    const dark = colours === 'dark' || (colours === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    document.documentElement.classList.toggle('dark', dark);
    document.querySelector('meta[name=color-scheme]')?.setAttribute('content', dark ? 'dark' : 'light');
  },
  // The circuit is there: what is clicked now is heard.
  live() {
    document.documentElement.dataset.live = '';
  },
  // The page's content may come a moment after its frame.
  focusHeading(tries = 60) {
    const heading = document.querySelector('main h1');
    if (heading) heading.focus({ preventScroll: true });
    else if (tries > 0) requestAnimationFrame(() => eduvision.focusHeading(tries - 1));
  },
  async copy(text) {
    await navigator.clipboard.writeText(text);
  },
};
eduvision.keep('system-dark', matchMedia('(prefers-color-scheme: dark)').matches ? '1' : '0');

document.addEventListener('DOMContentLoaded', () => {
  // A restarted server knows nothing of this page's circuit; the page itself is all in the database.
  document.getElementById('components-reconnect-modal')?.addEventListener('components-reconnect-state-changed', event => {
    if (event.detail.state === 'rejected') location.reload();
    if (event.detail.state === 'failed') eduvision.comeBack();
  });
});

eduvision.comeBack = async () => {
  for (;;) {
    try {
      const answer = await fetch('/favicon.svg', { cache: 'no-store' });
      if (answer.ok) return location.reload();
    } catch { /* still away */ }
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
};
