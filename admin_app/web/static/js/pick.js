// A filter of several values says in its closed box what is ticked.
for (const pick of document.querySelectorAll("details[data-pick]")) {
  pick.addEventListener("change", () => {
    const ticked = [...pick.querySelectorAll("input:checked")].map((input) => input.parentElement.textContent);
    pick.querySelector("summary > span").textContent = ticked.join("、") || "全部";
  });
}
