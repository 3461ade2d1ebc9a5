// A form with data-confirm asks first, in a dialog of our own. Without JavaScript the form simply posts.
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
  button((submitter?.innerText || "确定").trim(), "yes", "btn-primary");
  button("取消", "no", "").autofocus = true;
  dialog.append(text, ways);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue !== "yes") return submitter?.focus();
    form.dataset.confirmed = "1";
    form.requestSubmit(submitter);
  });
  dialog.showModal();
}, true);
