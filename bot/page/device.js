/** The choice to keep the talk on this device: a box on the first screen, and in the talk behind a button of the header. */

const fold = document.querySelector("#device");
const choice = document.querySelector("#remember");
const box = choice.querySelector("input");

export const ticked = () => box.checked;

export function tick(yes) {
  box.checked = yes;
  fold.toggleAttribute("data-on", yes);
}

/** Moves the choice to the screen that is seen; when the talk is over there is none. */
export function stand(screen) {
  fold.open = false;
  fold.hidden = screen?.id !== "talk";
  (screen?.id === "start" ? screen : fold).append(choice);
}

function close() {
  if (fold.contains(document.activeElement)) fold.querySelector("summary").focus();
  fold.open = false;
}

export function listen(remember) {
  box.addEventListener("change", () => remember(box.checked));
  fold.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.addEventListener("pointerdown", (event) => fold.contains(event.target) || (fold.open = false));
}
