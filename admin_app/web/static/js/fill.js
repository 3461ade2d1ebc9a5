// The demo's accounts fill themselves in.
for (const button of document.querySelectorAll("[data-fill-username]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    document.getElementById("username").value = button.dataset.fillUsername;
    document.getElementById("password").value = button.dataset.fillPassword;
    document.querySelector(".gate-button").focus();
  });
}
