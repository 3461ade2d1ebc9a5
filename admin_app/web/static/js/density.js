// Roomy or compact rows, remembered in this browser.
const button = document.querySelector("[data-density]");
const root = document.documentElement;
const show = () => {
  const compact = root.dataset.density === "compact";
  button.querySelector("span").textContent = compact ? "宽松" : "紧凑";
  button.title = compact ? "改为宽松行距" : "改为紧凑行距";
};

if (button) {
  try { if (localStorage.getItem("density") === "compact") root.dataset.density = "compact"; } catch { /* roomy */ }
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    if (root.dataset.density) delete root.dataset.density;
    else root.dataset.density = "compact";
    try { localStorage.setItem("density", root.dataset.density || ""); } catch { /* for this page only */ }
    show();
  });
}
