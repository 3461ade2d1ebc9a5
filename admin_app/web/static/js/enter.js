// Enter goes to the next field, and from the last one to the first button. Not while an input method is composing, not
// when the field used the key itself (an open combobox), and on a phone not in a text area, which has no Shift there. A
// file that need not be given is passed over: on it Enter opens the picker.
const roomy = matchMedia("(pointer: fine)").matches;
for (const form of document.querySelectorAll("form[data-enter]")) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (!event.target.matches(roomy ? "input:not([type=file]), select, textarea" : "input:not([type=file]), select")) return;
    const stops = [...form.querySelectorAll("input:not([type=hidden]), select, textarea, .form-end button")]
      .filter((stop) => !stop.disabled && !stop.readOnly && stop.offsetParent && (stop.type !== "file" || stop.required));
    const next = stops[stops.indexOf(event.target) + 1];
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (next.matches("input[type=text]")) next.select();
  });
}
