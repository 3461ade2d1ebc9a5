// Ticked rows: the bar shows when there are some, Shift ticks a range, the box in the head ticks the page.
// Only the moves that some ticked row can make are offered. "全部符合条件" needs no ticks. Ticks last while the pages
// of one list are turned, in this tab, until they are acted on; the back button keeps them as well. Enter on a box leads
// to the bar, which stands before all rows; Esc leads back.
const bar = document.querySelector("[data-ticks]");
const boxes = [...document.querySelectorAll("input[name=pk]")];
const all = document.querySelector("[data-tick-all]");

// Where nothing may be kept, ticks last as long as their page.
const kept = {
  read: (key) => { try { return JSON.parse(sessionStorage.getItem(key) || "[]"); } catch { return []; } },
  write: (key, ticked) => { try { sessionStorage.setItem(key, JSON.stringify(ticked)); } catch { /* full or forbidden */ } },
  drop: (key) => { try { sessionStorage.removeItem(key); } catch { /* forbidden */ } },
};

function listKey() {
  const said = new URLSearchParams(location.search);
  said.delete("page");
  said.sort();
  return `ticks:${document.body.dataset.user}:${location.pathname}?${said}`;
}

if (bar && boxes.length) {
  const ranges = [...bar.querySelectorAll("input[name=range]")];
  const whole = bar.querySelector("[data-tick-page]");
  const untick = bar.querySelector("[data-untick]");
  const verb = bar.querySelector("[name=verb]");
  const count = bar.querySelector("[data-ticked]");
  const note = bar.querySelector("[data-elsewhere]");
  const label = verb?.options[0].text;
  const key = listKey();
  const elsewhere = new Map();  // ticked on other pages: number → state
  let last = null;
  let typing = false;  // the last box was ticked by keyboard: whoever does so is told of the key
  const hint = document.createElement("span");
  hint.textContent = "（按回车到这里，Esc 返回）";
  if (verb) hint.className = "visually-hidden";  // there is room in the choice itself

  const remember = () => {
    elsewhere.clear();
    for (const [number, state] of kept.read(key)) elsewhere.set(number, state);
    for (const box of boxes) box.checked = elsewhere.delete(box.value);
    show();
  };
  const offer = (states) => {
    for (const option of verb?.options ?? []) {
      const fits = !option.value || !states.size || option.dataset.from.split(" ").some((state) => states.has(state));
      option.hidden = option.disabled = !fits;
      if (!fits && option.selected) verb.value = "";
    }
    const some = [...verb?.options ?? []].some((option) => option.value && !option.disabled);
    if (verb) verb.options[0].text = some ? (typing ? "按回车到这里办理…" : label) : "所选记录没有可办的事项";
  };
  const keep = () => {
    const ticked = [...elsewhere, ...boxes.filter((box) => box.checked).map((box) => [box.value, box.dataset.state])];
    if (ticked.length) kept.write(key, ticked);
    else kept.drop(key);
    return new Map(ticked);
  };
  const show = () => {
    const ticked = keep();
    const here = ticked.size - elsewhere.size;
    const everything = ranges.some((range) => range.checked && range.value === "all");
    offer(new Set(everything ? [] : ticked.values()));
    count.textContent = ` ${ticked.size} `;
    note.replaceChildren(elsewhere.size ? `（其中 ${elsewhere.size} 条在别的页）` : "", typing ? hint : "");
    bar.classList.toggle("batch-idle", !ticked.size && !everything);
    all.checked = here === boxes.length;
    all.indeterminate = here > 0 && here < boxes.length;
    untick.hidden = !ticked.size;
    whole.hidden = here === boxes.length;
    for (const box of boxes) box.closest("tr").classList.toggle("ticked", box.checked);
  };
  const tick = (chosen, checked) => {
    for (const box of chosen) box.checked = checked;
    if (checked) ranges.find((range) => range.value === "ticked").checked = true;
    show();
  };

  all.hidden = false;
  all.addEventListener("change", () => tick(boxes, all.checked));
  whole.addEventListener("click", () => tick(boxes, true));
  untick.addEventListener("click", () => {
    ranges[0].checked = true;
    elsewhere.clear();
    tick(boxes, false);
    all.focus();
  });
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      typing = !event.detail;
      tick(event.shiftKey && last ? boxes.slice(from, to + 1) : [box], box.checked);
      last = box;
    });
  }
  for (const box of [all, ...boxes]) {
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();  // it would send the form
      if (bar.classList.contains("batch-idle")) return;
      last = box;
      (verb ?? bar.querySelector("button")).focus();
    });
  }
  bar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") (last ?? all).focus();
  });
  for (const range of ranges) range.addEventListener("change", show);
  bar.addEventListener("submit", (event) => {
    const moving = verb && !event.submitter?.hasAttribute("formaction");
    if (moving && !verb.value) {
      event.preventDefault();
      event.stopImmediatePropagation();
      verb.focus();
      verb.setCustomValidity("请先选择要办理的事项。");
      verb.reportValidity();
    } else if (moving) {
      kept.write("acted", key);  // draft.js drops them with the next page
    }
  }, true);
  bar.addEventListener("formdata", ({ formData }) => {
    for (const number of elsewhere.keys()) formData.append("pk", number);
  });
  verb?.addEventListener("change", () => verb.setCustomValidity(""));
  addEventListener("pageshow", remember);
  remember();
}
