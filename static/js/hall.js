// Slides, one figure at a time: arrows, Page Up and Down, space, Home, End, buttons, tap, swipe; a reload keeps the slide.
// Nothing is fetched later: all slides are in the page, and fonts are loaded here before they are shown.
'use strict';

(() => {
  const slides = [...document.querySelectorAll('.slide')];
  const nav = document.querySelector('.hall__nav');
  const [back, next, place, told] = ['truoc', 'sau', 'so', 'loa'].map((id) => document.getElementById(id));
  const links = 'a, button';
  const swiped = 40; // pixels of movement that make a swipe

  // Not in the address: the browser would fetch the icon at every change.
  const kept = `trinh-chieu ${location.pathname}`;
  const asked = () => Math.max(0, slides.findIndex((one) => `#${one.id}` === location.hash));
  const reloaded = performance.getEntriesByType('navigation')[0]?.type === 'reload';
  let at = reloaded ? Number(sessionStorage.getItem(kept)) || 0 : asked();

  const show = (to) => {
    at = Math.min(slides.length - 1, Math.max(0, to));
    slides.forEach((one, here) => { one.classList.toggle('is-now', here === at); one.inert = here !== at; });
    const slide = slides[at];
    const said = [...slide.querySelectorAll('h1, h2, .slide__fig, .slide__say p:not([hidden])')];
    place.textContent = `${at + 1}/${slides.length}`;
    told.textContent = `Trang ${at + 1} trên ${slides.length}. ${said.map((one) => one.textContent).join('. ')}`;
    back.disabled = at === 0;
    next.disabled = at === slides.length - 1;
    sessionStorage.setItem(kept, at);
    slide.scrollTop = 0;
  };

  const full = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {});
  };

  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if ([' ', 'Enter'].includes(event.key) && event.target.closest?.(links)) return;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, PageDown: at + 1, ' ': at + (event.shiftKey ? -1 : 1),
      ArrowLeft: at - 1, ArrowUp: at - 1, PageUp: at - 1, Home: 0, End: slides.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); show(to); }
    if (event.key.toLowerCase() === 'f') full();
  });

  let from = null;
  addEventListener('touchstart', ({ touches }) => {
    from = touches.length === 1 ? { x: touches[0].clientX, y: touches[0].clientY } : null;
  }, { passive: true });
  addEventListener('touchend', ({ changedTouches: [touch] }) => {
    if (!from) return;
    const [x, y] = [touch.clientX - from.x, touch.clientY - from.y];
    if (Math.abs(x) > swiped && Math.abs(x) > Math.abs(y)) show(at + (x < 0 ? 1 : -1));
  });

  document.getElementById('noi-dung').addEventListener('click', (event) => {
    if (event.target.closest(links) || String(getSelection())) return;
    show(at + (event.clientX < innerWidth / 3 ? -1 : 1));
  });
  back.addEventListener('click', () => show(at - 1));
  next.addEventListener('click', () => show(at + 1));
  addEventListener('hashchange', () => show(asked()));

  // Without a network the page cannot be reopened: confirm leaving.
  addEventListener('beforeunload', (event) => { if (!navigator.onLine) event.preventDefault(); });

  document.body.classList.add('hall--on');
  nav.hidden = false;
  document.getElementById('tro-giup').hidden = false;
  show(at);
  Promise.allSettled([...document.fonts].map((face) => face.load()));
})();
