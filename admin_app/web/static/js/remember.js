// Columns and page size of each list as this person last set them in this browser: the menu leads back to them. The
// rest of an address is of the moment, and kept by a saved view.
const key = (path) => `list of ${document.body.dataset.user}: ${path}`;
const kept = (path) => {
  try { return new URLSearchParams(localStorage.getItem(key(path)) || ""); } catch { return new URLSearchParams(); }
};
const keep = (name, value) => {
  const settings = kept(location.pathname);
  if (value) settings.set(name, value);
  else settings.delete(name);
  try { localStorage.setItem(key(location.pathname), settings); } catch { /* for this page only */ }
};

// Only what is set by hand: an address that came from a colleague changes nothing.
const columns = document.querySelector("[data-columns]");
columns?.addEventListener("submit", () => keep("cols", new FormData(columns).getAll("col").join(",")));
columns?.querySelector("a").addEventListener("click", () => keep("cols", null));
document.querySelector("[data-sizes]")?.addEventListener("click", ({ target }) => {
  if (target.matches("a")) keep("size", target.textContent);
});

for (const link of document.querySelectorAll("#nav a[href^='/admin/']")) {
  const settings = String(kept(link.pathname));
  if (settings) link.search = settings;
}
