"use strict";
(() => {
  const source = document.getElementById("games");
  if (!source) return;
  const games = JSON.parse(source.textContent);
  const get = (id) => document.getElementById(id);
  const viewer = get("viewer"), board = get("board"), choice = get("certificate");
  const marks = ["X", "O"];
  let game = games[0], step = 0;

  const draw = () => {
    const content = Array(game.rows * game.columns).fill(-1);
    game.cells.slice(0, step).forEach((cell, move) => { content[cell] = move % 2; });
    const over = step === game.cells.length;
    board.style.setProperty("--columns", game.columns);
    board.replaceChildren(...content.map((player, cell) => {
      const square = document.createElement("span");
      square.className = "cell" + (player < 0 ? "" : " player-" + player);
      if (step > 0 && game.cells[step - 1] === cell) square.classList.add("last");
      if (step > game.mistake && game.cells[game.mistake] === cell) square.classList.add("mistake");
      if (over && game.winning.includes(cell)) square.classList.add("winning");
      return square;
    }), ...(game.gravity ? Array.from({ length: game.columns }, (_, column) => {
      const foot = document.createElement("span");
      foot.className = "foot";
      foot.textContent = column;
      return foot;
    }) : []));
    board.classList.toggle("gravity", game.gravity);
    board.setAttribute("aria-label", described(content));
    get("status").textContent = said();
    get("verdict").textContent = game.verdict;
    for (const button of viewer.querySelectorAll("button")) {
      button.setAttribute("aria-disabled", String(target(button.dataset.step) === step));
    }
  };

  const described = (content) => {
    const rows = [];
    for (let row = 0; row < game.rows; row += 1) {
      const cells = content.slice(row * game.columns, (row + 1) * game.columns);
      rows.push(cells.map((player) => (player < 0 ? "empty" : marks[player])).join(" "));
    }
    return "Rows from the top: " + rows.join("; ");
  };

  const said = () => {
    const count = game.cells.length;
    if (step === 0) return "Move 0 of " + count + ": the empty board.";
    const mover = (step - 1) % 2, where = game.gravity ? "column " : "cell ";
    const who = marks[mover] + (mover === game.player ? ", the learner," : ", the opponent,");
    let text = "Move " + step + " of " + count + ": " + who + " plays " + where + game.actions[step - 1] + ".";
    if (step - 1 === game.mistake) text += " This is the mistake.";
    if (step === count) text += " The learner " + game.ending + ".";
    return text;
  };

  const target = (name) => ({
    first: 0, back: Math.max(step - 1, 0), on: Math.min(step + 1, game.cells.length),
    mistake: game.mistake + 1, last: game.cells.length,
  })[name];

  const go = (name) => { step = target(name); draw(); };
  const keys = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last", m: "mistake", M: "mistake" };

  viewer.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(keys[event.key]);
  });
  viewer.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) go(button.dataset.step);
  });
  choice.addEventListener("change", () => { game = games[choice.value]; step = 0; draw(); });
  draw();
})();
