// What needs attention first (the list of errors, a refused field) takes the focus when the page opens.
// In a new form that is its first empty field, where there is a keyboard: a phone would cover half the page with one.
const first = () => matchMedia("(pointer: fine)").matches && [...document.querySelectorAll(
  "form[data-new] :is(input:not([type=hidden]), select, textarea)")].find((field) => !field.value && !field.disabled);
(document.querySelector("[data-focus]") || first())?.focus?.();
