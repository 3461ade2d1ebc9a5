// Light or dark: as the system says, or as the reader chose. Runs before the page is painted.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const labels = { auto: "配色：跟随系统", light: "配色：浅色", dark: "配色：深色" };
  const order = ["auto", "light", "dark"];

  const read = () => {
    try { return localStorage.getItem("theme") || "auto"; } catch { return "auto"; }
  };
  let choice = read();
  const apply = () => {
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  };
  apply();
  dark.addEventListener("change", apply);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    const say = () => {
      button.title = labels[choice];
      button.querySelector("span").textContent = `${labels[choice]}，点击切换`;
    };
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      choice = order[(order.indexOf(choice) + 1) % order.length];
      try { localStorage.setItem("theme", choice); } catch { /* a private window: for this page only */ }
      apply();
      say();
    });
  });
})();
