"use strict";
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const outputs = [...document.querySelectorAll("output[data-line]")];
  const plots = [...document.querySelectorAll(".plot")];
  const said = document.getElementById("said");
  const last = run.at.length - 1;
  const cursors = plots.map((plot) => {
    const cursor = document.createElement("div");
    cursor.className = "cursor";
    cursor.hidden = true;
    plot.append(cursor);
    return cursor;
  });
  let place = last;

  const show = (next, from) => {
    place = Math.min(Math.max(next, 0), last);
    for (const output of outputs) output.textContent = run.values[output.dataset.line][place];
    cursors.forEach((cursor, number) => {
      cursor.hidden = !from;
      cursor.style.left = `${run.at[place] * 100}%`;
      cursor.dataset.when = plots[number] === from ? run.when[place] : "";
      cursor.classList.toggle("left", run.at[place] > 0.8);
    });
  };

  const nearest = (at) => {
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (run.at[middle] < at) low = middle;
      else high = middle;
    }
    return at - run.at[low] < run.at[high] - at ? low : high;
  };

  const say = () => {
    said.textContent = `${run.when[place]}: ${run.labels.map((label, line) => `${label} ${run.values[line][place]}`).join(", ")}`;
  };

  for (const plot of plots) {
    const point = (event) => {
      const box = plot.getBoundingClientRect();
      show(nearest((event.clientX - box.left) / box.width), plot);
    };
    plot.addEventListener("pointermove", point);
    plot.addEventListener("pointerdown", point);
    plot.addEventListener("pointerleave", () => show(last, null));
    plot.addEventListener("blur", () => show(last, null));
    plot.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -last, End: last };
      if (event.key === "Escape") show(last, null);
      else if (event.key in steps) show(place + steps[event.key], plot);
      else return;
      event.preventDefault();
      say();
    });
  }
})();
