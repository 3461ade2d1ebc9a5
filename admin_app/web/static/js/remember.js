// Columns and page size of each list as this person last set them in this browser: the menu leads back to them. The
// rest of an address is of the moment, and kept by a saved view.
const key = (path) => `list of ${document.body.dataset.user}: ${path}`;
const kept = (path) => {
  try { return new URLSearchParams(localStorage.getItem(key(path)) || ""); } catch { return new URLSearchParams(); }
};
const keep = (path, settings) => {
  try { localStorage.setItem(key(path), settings); } catch { /* for this page only */ }
};

const panel = document.querySelector("[data-settings]");
if (panel) {
  const asked = new URLSearchParams(location.search);
  const settings = kept(location.pathname);
  const columns = asked.get("cols") || asked.getAll("col").join(",");
  if (columns) settings.set("cols", columns);
  if (asked.get("size")) settings.set("size", asked.get("size"));
  if (String(settings)) keep(location.pathname, settings);
  panel.querySelector("a").addEventListener("click", () => {
    settings.delete("cols");
    keep(location.pathname, settings);
  });
}
for (const link of document.querySelectorAll("#nav a[href^='/admin/']")) {
  const settings = kept(link.pathname);
  if (String(settings)) link.search = settings;
}
