import { onceReleased } from "./release.js";

// 20260901, 2026.9.1, 2026/9/1, 2026年9月1日 and full-width digits become 2026-09-01 when the field is left.
export function asDate(typed) {
  const text = typed.normalize("NFKC").trim();
  const found = /^(\d{4})(\d{2})(\d{2})$/.exec(text) || /^(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?$/.exec(text);
  if (!found) return typed;
  const [year, month, day] = found.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return real ? date.toISOString().slice(0, 10) : typed;
}

// Where a span is asked for, a year or a month is enough: 2014, 2014-09 or 2014年9月.
const READ = /^\d{4}-\d{2}-\d{2}$/;
const SPAN = /^\d{4}(年|-?\d{2}|[-./年]\d{1,2}月?)?$/;

const tidy = (field) => {
  field.value = asDate(field.value);
  onceReleased(() => say(field));
};
const say = (field) => {
  const fits = READ.test(field.value) || (field.hasAttribute("data-span") && SPAN.test(field.value.trim()));
  const unread = field.value.trim() && !fits;
  const said = field.parentElement.querySelector("[data-unread]");
  if (Boolean(unread) === Boolean(said)) return;
  if (said) return said.remove();
  const word = Object.assign(document.createElement("p"), { className: "hint hint-fault", role: "status" });
  word.dataset.unread = "";
  word.textContent = "没有这样的日期，请写成 2026-09-01 或 20260901。";
  field.after(word);
};

document.addEventListener("focusout", (event) => {
  if (event.target.matches("[data-kind=date]")) tidy(event.target);
});
document.addEventListener("submit", (event) => {
  event.target.querySelectorAll("[data-kind=date]").forEach(tidy);
}, true);
