// Opens the photo over the page. The browser's own dialog keeps the focus inside and gives it back.
export function open(dialog, page) {
  const stage = dialog.querySelector('.stage');
  const button = dialog.querySelector('.zoom');

  function zoom(on, x = 0.5, y = 0.5) {
    const photo = stage.querySelector('img');
    // Every pixel it has; a small one twice as large as it fits.
    photo.style.width = on ? `${Math.max(photo.naturalWidth, photo.clientWidth * 2)}px` : '';
    stage.classList.toggle('zoomed', on);
    button.setAttribute('aria-pressed', String(on));
    stage.scrollTo((stage.scrollWidth - stage.clientWidth) * x, (stage.scrollHeight - stage.clientHeight) * y);
  }

  button.addEventListener('click', () => zoom(!stage.classList.contains('zoomed')));
  dialog.querySelector('.close').addEventListener('click', () => dialog.close());
  stage.addEventListener('click', event => {
    if (event.target === stage) return dialog.close();
    const box = event.target.getBoundingClientRect();
    zoom(!stage.classList.contains('zoomed'), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  });
  stage.addEventListener('load', () => zoom(false), true);
  dialog.addEventListener('close', () => page.invokeMethodAsync('Closed'));
  dialog.showModal();
}
