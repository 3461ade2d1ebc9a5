// A password is shown while its owner wants to see it, and leaves the page hidden: no browser keeps it as plain text.
for (const box of document.querySelectorAll("[data-peek]")) {
  const form = box.closest("form"), fields = [...form.querySelectorAll("input[type=password]")];
  const show = (open) => { for (const field of fields) field.type = open ? "text" : "password"; };
  box.closest("label").hidden = false;
  box.addEventListener("change", () => show(box.checked));
  form.addEventListener("submit", () => show(false));
  addEventListener("pageshow", () => show(box.checked));
}
