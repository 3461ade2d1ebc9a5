// Messages can be put away.
for (const message of document.querySelectorAll("[data-dismissible]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "note-close";
  button.setAttribute("aria-label", "关闭这条消息");
  button.textContent = "×";
  button.addEventListener("click", () => {
    message.remove();
    document.getElementById("main").focus({ preventScroll: true });
  });
  message.append(button);
}
