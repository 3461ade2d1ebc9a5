// A search leaves empty fields, and the words of what was found by typing, out of the address, so that it can be
// read, kept and sent to a colleague.
for (const form of document.querySelectorAll("form[data-clean]")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value || name.endsWith("-shown")) formData.delete(name);
  });
}
