"use strict";
(() => {
  const table = document.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const filter = document.querySelector(".filter");
  const input = filter.querySelector("input");
  const count = filter.querySelector("output");
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.sort || cell.textContent.trim();
  };
  filter.hidden = false;
  const apply = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !wanted.every((word) => words.get(row).includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} / ${rows.length}`;
  };
  input.addEventListener("input", apply);
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) {
        other.removeAttribute("aria-sort");
      }
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const numbers = head.dataset.kind === "number";
      rows.sort((one, other) => {
        const [a, b] = [value(one, column), value(other, column)];
        return sign * (numbers ? a - b : a.localeCompare(b));
      });
      body.append(...rows);
    });
  });
  apply();
})();
