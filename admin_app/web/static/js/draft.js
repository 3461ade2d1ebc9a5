// What was typed into a form outlives a session that ends: a draft is kept in this tab (sessionStorage, gone
// with the tab), offered when the form is opened again, and dropped once it has been saved. Of a short form
// (`data-draft="sent"`), which answers with a page of another kind or a file, it is kept when it is sent, and only where
// the session had ended by then, or the answer is a refusal.
// Passwords, files, the page's token and what is of the page alone (`data-of-page`) are never kept. `as_of` is: a
// restored form must still be compared with the record as it was when the typing began.
const user = document.body.dataset.user;
const form = document.querySelector("form[data-draft]");
const short = form?.dataset.draft === "sent";
const PREFIX = "draft:";

const read = (key) => {
  try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; }
};
const write = (key, draft) => {
  try { sessionStorage.setItem(key, JSON.stringify(draft)); } catch { /* full or forbidden: no draft */ }
};
const keys = () => {
  try { return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)); } catch { return []; }
};
const drop = (key) => { try { sessionStorage.removeItem(key); } catch { /* forbidden */ } };
// A form is its record's, or that of what a new one is to belong to, whichever list led to it.
const asked = [...new URLSearchParams(location.search)];
const named = asked.some(([name]) => name === "id") ? ["id", "verb"] : asked.map(([name]) => name).filter((name) => name.endsWith("_id"));
const keyOf = (who) => `${PREFIX}${who}:${location.pathname}?${new URLSearchParams(asked.filter(([name]) => named.includes(name)))}`;
const kept = (field) => field.name && field.name !== "csrf_token" && !("ofPage" in field.dataset) && !["password", "file", "submit", "button"].includes(field.type);

function values() {
  return [...form.elements].filter(kept).map((field) =>
    [field.name, field.value, ["checkbox", "radio"].includes(field.type) ? field.checked : null]);
}

function fill(saved) {
  const left = [...form.elements].filter(kept);
  for (const [name, value, checked] of saved) {
    const at = left.findIndex((field) => field.name === name && (checked === null || field.value === value));
    if (at < 0) continue;
    const [field] = left.splice(at, 1);
    if (checked === null) field.value = value;
    else field.checked = checked;
  }
}

function offer(key, draft) {
  const box = document.createElement("div");
  box.className = "note note-warning";
  box.setAttribute("role", "status");
  const text = document.createElement("p");
  const when = new Date(draft.at).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });  // 2026-11-30 09:12, as everywhere
  text.textContent = `${when} 您在这张表单里填写的内容还没有保存。`;
  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn btn-sm";
    made.textContent = label;
    made.addEventListener("click", () => { offered = null; act(); box.remove(); form.querySelector("input:not([type=hidden]), select, textarea")?.focus(); });
    return made;
  };
  box.append(text, button("恢复填写", () => { fill(draft.values); save(key); }), button("放弃", () => drop(key)));
  offered = draft;
  const menu = form.closest("details");  // its form lies over the page
  if (menu) { menu.open = true; form.prepend(box); } else form.before(box);
}

// A draft that was offered and neither taken nor thrown away stays as it is, but for what is typed over it.
const typed = new Set();
let offered = null;
function save(key, sent = false) {
  const now = values();
  const all = offered ? [...offered.values.filter(([name]) => !typed.has(name)), ...now.filter(([name]) => typed.has(name))] : now;
  write(key, { at: Date.now(), values: all, sent, short });
}

function watch(key) {
  let timer;
  const soon = ({ target }) => { typed.add(target.name); clearTimeout(timer); timer = setTimeout(() => save(key), 400); };
  if (!short) ["input", "change"].forEach((kind) => form.addEventListener(kind, soon));
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    clearTimeout(timer);
    offered = null;
    save(key, true);
  });
  form.querySelector("[data-cancel]")?.addEventListener("click", () => { clearTimeout(timer); drop(key); });
}

// A sent draft was saved if the next page says so. Any other page means that it was not: the form with its errors,
// signing in again, or whatever was opened after the network had failed.
const saved = user && document.querySelector(".note-success");
const answered = user && !document.querySelector(".note[role=alert]");  // a short form's list may say why not
for (const key of keys()) {
  const draft = read(key);
  if (!draft || (user && !key.startsWith(`${PREFIX}${user}:`)) || (draft.sent && (saved || (answered && draft.short)))) drop(key);
  else if (draft.sent) write(key, { ...draft, sent: false });
  if (draft?.sent && !user) document.querySelector("[data-ended]")?.removeAttribute("hidden");
}
// So are ticks that were acted on (ticks.js): they go with the next page, unless that is to sign in again.
const acted = read("acted");
drop("acted");
if (acted && user) drop(acted);
document.querySelector("form[data-sign-out]")?.addEventListener("submit", () => keys().forEach(drop));

// The answer to what was sent is not asked for again by Back or reload: the page of its address is.
if (form) history.replaceState(history.state, "", location.href);
if (form && user) {
  const key = keyOf(user);
  const draft = read(key);
  const same = draft && JSON.stringify(draft.values) === JSON.stringify(values());
  if (form.matches("[data-kept]")) save(key);
  else if (draft && !same) offer(key, draft);
  watch(key);
}
