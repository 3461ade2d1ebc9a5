// On a phone the tree beside a list and its filters start folded: chips tell what is asked for.
if (matchMedia("(max-width: 767px)").matches) {
  for (const details of document.querySelectorAll("details[data-fold]")) details.open = false;
}
