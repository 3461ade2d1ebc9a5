// Alt+← and Alt+→ are the browser's own; J and K walk the list that led to this record.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const rel = { j: "next", k: "prev" }[event.key];
  if (rel) document.querySelector(`a[rel=${rel}]`)?.click();
});
