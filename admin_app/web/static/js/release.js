// Where a press leaves a field, what would move the page waits until the press is over: or the button is no longer
// under the pointer when it is let go, and nothing is sent.
let pressed = false;
const waiting = [];
addEventListener("mousedown", () => { pressed = true; }, true);
addEventListener("mouseup", () => {
  pressed = false;
  setTimeout(() => waiting.splice(0).forEach((act) => act()));  // the click comes first
}, true);

export const onceReleased = (act) => {
  if (pressed) waiting.push(act);
  else act();
};
