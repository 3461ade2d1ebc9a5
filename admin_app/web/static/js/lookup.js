// A related record is found by typing: a combobox after the WAI-ARIA pattern. The text field shows the label,
// the hidden field beside it carries the id. `<data-lookup>?q=…` answers [{id, label, hint}]. Where nothing is found,
// `data-new` leads to the form for a new one, in a window of its own: nothing typed here is lost, and whoever comes back
// finds it.
const PAUSE = 200;

class Lookup {
  constructor(box, number) {
    this.box = box;
    [this.input, this.hidden] = box.querySelectorAll("input");
    this.chosen = this.input.value;
    this.active = -1;
    this.found = [];

    this.list = document.createElement("ul");
    this.list.id = `lookup-${number}`;
    this.list.className = "lookup-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "可选记录");
    this.list.hidden = true;
    this.status = document.createElement("p");
    this.say("");
    this.status.setAttribute("role", "status");
    box.append(this.list, this.status);

    const { input } = this;
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", this.list.id);
    input.addEventListener("input", (event) => { if (!event.isComposing) this.typed(); });
    input.addEventListener("compositionend", () => this.typed());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option?.dataset.at && !this.found[option.dataset.at].url) this.choose(Number(option.dataset.at));
    });
    this.list.addEventListener("click", (event) => {  // a window opens at a click, not at the touch before it
      const at = event.target.closest("[role=option]")?.dataset.at;
      if (this.found[at]?.url) this.choose(Number(at));
    });
  }

  // Words for who listens; `hint` also for who looks.
  say(words, hint = "") {
    this.status.className = hint ? "hint" : "visually-hidden";
    this.status.textContent = hint || words;
  }

  typed() {
    this.say("");
    this.set("", this.input.value.trim() ? null : "");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), PAUSE);
  }

  async search() {
    if (!this.input.value.trim()) return this.close();
    const found = await this.find();
    if (found !== undefined) this.show(found);
  }

  // What the words find: null where it did not succeed, undefined where somebody typed on meanwhile.
  async find() {
    this.request?.abort();
    this.request = new AbortController();
    try {
      const join = this.box.dataset.lookup.includes("?") ? "&" : "?";
      const answer = await fetch(`${this.box.dataset.lookup}${join}q=${encodeURIComponent(this.input.value.trim())}`,
        { signal: this.request.signal, headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      return await answer.json();
    } catch (error) {
      return error.name === "AbortError" ? undefined : null;
    }
  }

  show(found) {
    const { dataset } = this.box;
    const addition = { label: `${dataset.adds}（打开新窗口）`, url: dataset.new };
    this.found = found?.length === 0 && addition.url ? [addition] : found || [];
    this.active = -1;
    this.list.replaceChildren(...this.found.map((item, at) => {
      const option = document.createElement("li");
      option.id = `${this.list.id}-${at}`;
      option.dataset.at = at;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.append(item.label);
      if (item.hint) {
        const hint = document.createElement("small");
        hint.textContent = item.hint;
        option.append(" ", hint);
      }
      return option;
    }));
    const words = found === null ? "查找没有成功，请检查网络后再试。"
      : found.length ? `找到 ${found.length} 条，用上下键选择。` : "没有找到，换个写法再试。";
    this.say(this.found[0]?.url ? `${words}按下箭头和回车可${addition.label}。` : words);
    if (!found?.length) {
      const none = document.createElement("li");
      none.className = "lookup-none";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = words;
      this.list.prepend(none);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (found?.length) this.mark(0);
  }

  mark(at) {
    const options = this.list.querySelectorAll("[data-at]");
    options[this.active]?.setAttribute("aria-selected", "false");
    this.active = (at + this.found.length) % this.found.length;
    const option = options[this.active];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  key(event) {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) this.search();
      else if (this.found.length) this.mark(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && open && this.active >= 0) {
      event.preventDefault();
      this.choose(this.active);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.close();
    }
  }

  choose(at) {
    const item = this.found[at];
    if (item.url) {
      this.onfocus ??= () => this.search();  // each time that one comes back, until somebody is chosen
      addEventListener("focus", this.onfocus);
      return open(item.url, "_blank", "noopener");
    }
    removeEventListener("focus", this.onfocus);
    this.input.value = item.label;
    this.set(item.id, item.label);
    this.say("", `已选 ${[item.label, item.hint].filter(Boolean).join("，")}`);
    this.close();
  }

  // `chosen` is the label that belongs to the id; null while the words in the field belong to no record.
  set(id, chosen) {
    this.hidden.value = id;
    this.chosen = chosen;
    this.input.classList.toggle("lookup-open", chosen === null);
    this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // Whoever leaves before the answer came has chosen what alone fits the words.
  async leave() {
    clearTimeout(this.timer);
    this.close();
    const words = this.input.value.trim();
    if (this.chosen !== null || !words) return this.request?.abort();
    const found = await this.find() || [];
    if (this.chosen !== null || this.input.value.trim() !== words || document.activeElement === this.input) return;
    const same = found.filter((item) => item.label === words);
    const alone = same.length === 1 ? same : found.length === 1 ? found : [];
    if (!alone.length) return;
    this.found = alone;
    this.choose(0);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

document.querySelectorAll("[data-lookup]").forEach((box, number) => new Lookup(box, number));
