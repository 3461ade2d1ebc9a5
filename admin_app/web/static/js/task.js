// A task's page asks how far it is every second, and shows the result when it is done.
const box = document.querySelector("[data-task]");

if (box) {
  const bar = box.querySelector("[data-task-bar]");
  const count = box.querySelector("[data-task-count]");
  const number = new Intl.NumberFormat("zh-CN");
  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.task, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const state = await answer.json();
      if (state.finished) return location.reload();
      if (state.percent) bar.value = state.percent;
      else bar.removeAttribute("value");
      count.textContent = `${number.format(state.done)} / ${number.format(state.total)}`;
      setTimeout(ask, 1000);
    } catch {
      count.textContent = "暂时联系不上服务器，正在重试……";
      setTimeout(ask, 5000);
    }
  };
  setTimeout(ask, 600);
}
