// A form with data-confirm asks first, in a dialog of our own; with data-why also for the reason, which goes into its
// hidden field. Without JavaScript the form simply posts, and the server says what is lacking.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();

  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  dialog.setAttribute("aria-labelledby", "ask-question");
  const text = document.createElement("p");
  text.id = "ask-question";
  text.textContent = question;
  const ways = document.createElement("form");
  ways.method = "dialog";
  ways.className = "ask-ways";
  const button = (label, value, kind) => {
    const made = document.createElement("button");
    made.className = `btn ${kind}`;
    made.value = value;
    made.textContent = label;
    ways.append(made);
    return made;
  };
  const submitter = event.submitter;
  const why = form.dataset.why && form.elements.reason;
  const typed = document.createElement("input");
  if (why) {
    typed.className = "form-control";
    typed.required = form.dataset.why === "must";
    typed.minLength = 2;
    typed.maxLength = 200;
    typed.autocomplete = "off";
    const label = document.createElement("label");
    label.append(typed.required ? "原因（会记入变更台账，不要写孩子的姓名）" : "原因（可不填；会记入变更台账，不要写孩子的姓名）", typed);
    ways.append(label);
  }
  button((submitter?.innerText || "确定").trim(), "yes", "btn-primary");
  const no = button("取消", "no", "");
  no.formNoValidate = true;
  (why ? typed : no).autofocus = true;
  dialog.append(text, ways);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue !== "yes") return submitter?.focus();
    if (why) why.value = typed.value;
    form.dataset.confirmed = "1";
    form.requestSubmit(submitter);
  });
  dialog.showModal();
}, true);
