// A search leaves empty fields, and the words of what was found by typing, out of the address, so that it can be
// read, kept and sent to a colleague.
for (const form of document.querySelectorAll("form[data-clean]")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value || name.endsWith("-shown")) formData.delete(name);
    for (const name of new Set(formData.keys())) formData.set(name, formData.getAll(name).join(","));
  });
}

// A search as the page has understood it: an identity number that was typed does not stay in the address.
const box = document.querySelector("input[name='search']");
const understood = document.querySelector("input[name='told']")?.value ?? box?.value;
const here = new URL(location);
if (understood && here.searchParams.has("search") && here.searchParams.get("search") !== understood) {
  here.searchParams.set("search", understood);
  here.searchParams.delete("told");
  history.replaceState(history.state, "", here);
}
