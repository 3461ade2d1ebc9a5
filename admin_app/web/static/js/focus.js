// What needs attention first (the list of errors, a refused field) takes the focus when the page opens.
document.querySelector("[data-focus]")?.focus();
