// Menus (in the top bar, and the verbs of a record) close on Escape, on a click elsewhere, and when the focus leaves; Escape also shuts
// the phone's side menu.
const menus = document.querySelectorAll("details.menu, details.verbs");

document.addEventListener("click", (event) => {
  const path = event.composedPath();  // also of what has gone by now, as a note that was answered
  for (const menu of menus) if (!path.includes(menu)) menu.open = false;
});
for (const menu of menus) {
  menu.addEventListener("focusout", (event) => {
    const next = event.relatedTarget; // what holds the menu takes the focus when a label in it is pressed
    if (next && !menu.contains(next) && !next.contains(menu)) menu.open = false;
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (!menu.open) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (location.hash === "#nav") {
    location.hash = "#main";
    document.querySelector(".nav-open").focus();
  }
});
