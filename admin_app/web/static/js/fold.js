// On a phone the tree beside a list starts folded.
if (matchMedia("(max-width: 767px)").matches) {
  for (const details of document.querySelectorAll("details[data-fold]")) details.open = false;
}
