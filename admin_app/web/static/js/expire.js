// Revealed values leave the screen when their time is over, and at once when the page comes back from history.
const shown = document.querySelector("[data-expire]");
if (shown) {
  const hide = () => {
    shown.remove();
    location.replace(shown.dataset.back);
  };
  const end = Date.now() + Number(shown.dataset.expire) * 1000;
  setInterval(() => { if (Date.now() >= end) hide(); }, 1000);
  addEventListener("pageshow", (event) => { if (event.persisted) hide(); });
}
