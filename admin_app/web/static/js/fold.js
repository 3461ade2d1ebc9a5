// On a phone the tree beside a list and its filters start folded, where the page opens them (data-fold): chips tell
// what is asked for. What somebody has opened by now stays open.
if (matchMedia("(max-width: 767px)").matches) {
  for (const details of document.querySelectorAll("details[data-fold]")) details.open = false;
}
