// Ticked rows: the bar shows when there are some, Shift ticks a range, the box in the head ticks the page.
// Only the moves that some ticked row can make are offered. "全部符合条件" needs no ticks. What is ticked survives the back button, because the browser keeps the boxes.
const bar = document.querySelector("[data-ticks]");
const boxes = [...document.querySelectorAll("input[name=pk]")];
const all = document.querySelector("[data-tick-all]");

if (bar && boxes.length) {
  const ranges = [...bar.querySelectorAll("input[name=range]")];
  const whole = bar.querySelector("[data-tick-page]");
  const untick = bar.querySelector("[data-untick]");
  const verb = bar.querySelector("[name=verb]");
  const count = bar.querySelector("[data-ticked]");
  const label = verb?.options[0].text;
  let last = null;

  const offer = (states) => {
    for (const option of verb?.options ?? []) {
      const fits = !option.value || !states.size || option.dataset.from.split(" ").some((state) => states.has(state));
      option.hidden = option.disabled = !fits;
      if (!fits && option.selected) verb.value = "";
    }
    if (verb) verb.options[0].text = [...verb.options].some((o) => o.value && !o.disabled) ? label : "所选记录没有可办的事项";
  };
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    const everything = ranges.some((range) => range.checked && range.value === "all");
    offer(new Set(everything ? [] : boxes.filter((box) => box.checked).map((box) => box.dataset.state)));
    count.textContent = ` ${ticked} `;
    bar.classList.toggle("batch-idle", !ticked && !everything);
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    untick.hidden = !ticked;
    whole.hidden = ticked === boxes.length;
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
  untick.addEventListener("click", () => { ranges[0].checked = true; tick(boxes, false); all.focus(); });
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      tick(event.shiftKey && last ? boxes.slice(from, to + 1) : [box], box.checked);
      last = box;
    });
  }
  for (const range of ranges) range.addEventListener("change", show);
  bar.addEventListener("submit", (event) => {
    const moving = verb && !event.submitter?.hasAttribute("formaction");
    if (moving && !verb.value) {
      event.preventDefault();
      event.stopImmediatePropagation();
      verb.focus();
      verb.setCustomValidity("请先选择要办理的事项。");
      verb.reportValidity();
    }
  }, true);
  verb?.addEventListener("change", () => verb.setCustomValidity(""));
  addEventListener("pageshow", show);
  show();
}
